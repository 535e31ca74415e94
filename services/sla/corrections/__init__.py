"""Corrections of type and urgency: the clock's matter changes, and with it what is due."""
