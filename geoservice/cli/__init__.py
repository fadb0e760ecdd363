"""The command `geoservice`: one module per noun, dry run until --commit where a mistake would cost."""
