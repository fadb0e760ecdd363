"""Vector tiles that follow the data: which tiles there are, how they are made, kept and given away. Knows no Flask."""
