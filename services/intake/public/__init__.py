"""The caller's own view: a number and a query code open one request, and no other (A9)."""
