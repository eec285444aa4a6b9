"""What the API takes."""
