"""Lapses: silence after a reply counts as the pack says when its time is over (ZY 14.1)."""
