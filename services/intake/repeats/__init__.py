"""Repeats: a caller's earlier ticket of the same matter, and matters that were terminated."""
