"""Callers: what one telephone number asked for before, for the desk (A7)."""
