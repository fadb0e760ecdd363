"""The words of the pages in every language that they are in."""
