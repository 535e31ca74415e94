"""Levels: a ticket is handed to the city, county or township that handles it, or up (B12)."""
