"""Abuse of the hotline: flagged with evidence, handed over by numbered documents (A13, ZY 29)."""
