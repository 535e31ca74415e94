"""Login by OpenID Connect: the gateway as a client of any issuer, its own or another's."""
