"""Writes: one function a verb."""
