"""The feed pushed to an address, signed (B10)."""
