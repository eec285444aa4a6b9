"""Identity: publishers, their staff and API keys, sign-in, and the signed tokens that every service trusts."""
