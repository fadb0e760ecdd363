"""The editing of drafts."""
