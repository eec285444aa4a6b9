"""What time brings: renewals, retries, the end of subscriptions and of access. Any number of schedulers share it."""
