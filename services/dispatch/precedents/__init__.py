"""Precedents: what the coordination group decided holds for matters of the same kind."""
