"""A running service on one machine: the lock of the instance, its processes, their restart and their stop."""
