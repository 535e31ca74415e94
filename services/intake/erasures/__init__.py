"""Erasures: what a caller told us goes when its time is over, or when the caller asks (F6, F9)."""
