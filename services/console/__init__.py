"""The web console: what staff see. Without a database; a client of the public API, through the gateway."""
