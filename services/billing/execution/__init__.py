"""Carrying out at payment providers what was intended, and recording what came of it."""
