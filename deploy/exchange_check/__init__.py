"""The conformance kit: it plays a peer against any implementation of the exchange."""
