"""Payment providers behind one port: what moves the money, or tells of money that a store has moved."""
