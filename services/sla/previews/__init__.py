"""Deadlines that a matter would have, counted without a ticket."""
