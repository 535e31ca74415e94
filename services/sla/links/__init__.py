"""Linked tickets have no clock of their own; a split one begins anew (A8)."""
