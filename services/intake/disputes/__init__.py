"""Disputes: complaints about a rating, looked into and answered by another (JL 六(四))."""
