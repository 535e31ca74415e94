"""The unified taxonomy: three levels by code, with domains; retired, never deleted (A2)."""
