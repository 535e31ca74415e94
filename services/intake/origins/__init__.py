"""Origins: requests that another platform forwarded, and what it says of them later."""
