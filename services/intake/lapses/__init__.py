"""Lapses: silence after a reply counts as 基本满意 when its time is over (ZY 14.1)."""
