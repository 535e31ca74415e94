"""Handling a ticket: progress, interim close, reply, and the redo after a bad reply."""
