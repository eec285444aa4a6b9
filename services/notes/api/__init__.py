"""The service's addresses: parse, call one action or query, present."""
