"""Crossings: a ticket of another platform that is handled here, sent back or ended there."""
