"""Who somebody is and what they may do: keys, roles and one table of permissions."""
