"""Channels: every way in, as one message; a message that comes twice is one ticket (A1)."""
