"""Rules that hold for the whole project, found out by looking at the code and at live databases."""
