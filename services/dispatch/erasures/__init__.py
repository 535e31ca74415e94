"""Erasures: where dispatch keeps words of tickets, and that they go when intake says so (F9)."""
