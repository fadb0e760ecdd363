"""The pages for people: one frame and one catalogue of words for all of them, and a room for each."""
