"""The units, and the duty rules that send a ticket to one of them."""
