"""A simulated fortnight of a province and two cities, through the gateway, on a stepped clock."""
