"""What units are reminded of by telephone or mail (B13, YN 六(三)3)."""
