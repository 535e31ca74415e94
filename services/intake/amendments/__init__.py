"""Amendments: what is added to a request, or corrected in it, after it was filed (ZY 5)."""
