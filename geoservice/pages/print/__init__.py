"""Printed maps: one sheet, or an atlas of all grids, for a browser's printer and as PDF."""
