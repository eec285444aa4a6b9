"""Tables of the billing service."""
