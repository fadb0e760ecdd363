"""The shell: the frame of every page of staff, and what is told when one can not be shown."""
