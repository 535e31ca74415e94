"""Withdrawals: a caller takes a request back while nobody has answered it (A9)."""
