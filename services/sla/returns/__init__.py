"""Returns: a window that is judged when it is used; a late return counts as overdue (B5)."""
