"""Promises: the shorter handling times to which a unit binds itself."""
