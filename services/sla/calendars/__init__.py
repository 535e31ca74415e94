"""Calendars: loaded from files, and carried into every open deadline that they touch (C6)."""
