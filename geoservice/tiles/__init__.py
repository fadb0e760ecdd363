"""Vector tiles over HTTP: /tiles/{jurisdiction}/{layer}.json and the tiles that it names."""
