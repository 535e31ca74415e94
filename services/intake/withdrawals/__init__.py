"""Withdrawals: the caller's wish to take a request back; dispatch decides (A9)."""
