"""The wall: the page of a command centre's screen, which nobody touches."""
