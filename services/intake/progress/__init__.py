"""Progress: what a caller may see of what became of a request (ZY 5, YN 六(三)5)."""
