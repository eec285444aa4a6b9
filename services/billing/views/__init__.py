"""How things are shown: in answers, in events and in feeds, always the same."""
