"""Who calls, and what they may: tokens, their keys, and scopes."""
