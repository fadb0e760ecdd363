"""The monthly report: a month of a jurisdiction on some sheets of A4."""
