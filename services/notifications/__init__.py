"""Notifications: what customers are written, when, and what became of it."""
