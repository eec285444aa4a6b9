"""Billing: what customers buy, pay and may use."""
