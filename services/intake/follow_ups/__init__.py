"""Follow-ups: after each reply the caller is asked, by message and by a person (A10, ZY 14)."""
