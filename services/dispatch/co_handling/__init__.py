"""Several units on one ticket: one lead, others that handle with it (ZY 13.5(5), B4)."""
