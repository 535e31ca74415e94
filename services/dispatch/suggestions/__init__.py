"""Suggestions (派单建议): type, category and units, learned from what was closed before (B3)."""
