"""Figures as ratios against limits measured in the same run: `make bench`."""
