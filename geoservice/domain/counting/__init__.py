"""Households counted from a register of persons: rules without files, and self-contained.

A guarded process loads this folder by its path, with nothing else of the service within reach. So its modules import
the standard library and one another, by relative names, and nothing else.
"""
