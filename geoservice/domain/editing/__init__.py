"""Editing a draft without I/O: verbs on grids, differences, merging of two drafts, healing. Docs: docs/editing.md."""
