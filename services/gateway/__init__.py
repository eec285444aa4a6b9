"""The gateway: one address for all services, in front of which credentials become tokens."""
