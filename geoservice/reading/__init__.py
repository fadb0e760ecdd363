"""Reading files that strangers made: staged, bounded, read by a guarded process, brought to longitude and latitude."""
