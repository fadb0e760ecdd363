"""The boundary editor: a draft on the map, its steps, what each changes, and putting it in force."""
