"""Measurements: each a ratio to a baseline of the same run, with the rounds of both interleaved."""
