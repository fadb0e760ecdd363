"""The pages of staff: one frame for all of them, and a room for each."""
