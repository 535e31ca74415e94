"""Corrections and additions that intake reports (更正、补充)."""
