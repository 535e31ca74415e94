"""Notices to callers: where they go, and the query code that they carry (A9, A10)."""
