"""The built-in issuer: passwords, second factors, and the tokens that say who logged in."""
