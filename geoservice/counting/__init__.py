"""Registers of persons become counts of households: a process that can keep nothing reads them, and tells numbers."""
