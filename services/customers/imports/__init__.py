"""Imports: a file's rows become customers, however large the file, whatever is wrong in it, and whatever is killed."""
