"""Who serves which grid: rosters read, compared with what is stored, and looked through for days without anybody."""
