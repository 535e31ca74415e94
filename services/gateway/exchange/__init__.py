"""Messages between platforms: received in order and once, queued for each, sent, compared."""
