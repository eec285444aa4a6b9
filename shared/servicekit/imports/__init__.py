"""Importing files: received as they come, kept as rows, and worked on batch by batch."""
