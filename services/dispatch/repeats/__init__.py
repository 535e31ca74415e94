"""Repeats (重复诉求): the same caller again, and many callers with one matter (A7, A8)."""
