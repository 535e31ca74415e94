"""Verifications: a unit is asked whether a request is in scope, before its acceptance (A4)."""
