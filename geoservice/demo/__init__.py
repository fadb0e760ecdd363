"""The demo community as pure geometry and numbers from a fixed seed: no database, no clock, no outside data."""
