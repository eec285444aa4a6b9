"""Imports: a shop's offers, subscriptions and transactions from files, however large, as often as one likes."""
