"""Taking in what payment providers and stores tell of their own accord."""
