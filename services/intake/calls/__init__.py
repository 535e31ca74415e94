"""Call records come in, connection rates go out (A15)."""
