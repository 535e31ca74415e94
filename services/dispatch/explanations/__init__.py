"""Why a ticket goes to a unit: the rules that were looked at, and why others do not count (B2)."""
