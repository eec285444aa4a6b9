"""The product as separate processes on real servers, which are killed while it works."""
