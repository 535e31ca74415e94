"""Terminated matters (终结件): what a unit determined and filed with the hotline (ZY 15)."""
