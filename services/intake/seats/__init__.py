"""Seats by kind, each with its work number; expert seats belong to a unit (A17)."""
