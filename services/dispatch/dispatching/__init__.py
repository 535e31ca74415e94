"""Sending a ticket to a unit: by a person's choice or by rule."""
