"""Limits set by law: a unit enters one for a ticket, the hotline office confirms it."""
