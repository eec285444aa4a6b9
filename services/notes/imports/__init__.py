"""Importing notes from files."""
