"""Open311 GeoReport v2: other sites and apps file requests and follow them (F7)."""
