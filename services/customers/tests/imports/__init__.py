"""Imports: parsing, planning, and what is left of them."""
