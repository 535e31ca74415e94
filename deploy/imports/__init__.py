"""Files of other systems become tickets, through the same door as everybody's."""
