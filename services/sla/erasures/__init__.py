"""Erasures: where sla keeps words about tickets, and that they go when intake says so (F9)."""
