"""Links: many callers with one matter, and callers who ask again (A7, A8)."""
