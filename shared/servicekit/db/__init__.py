"""PostgreSQL for a service: roles, transactions, migrations and the kit's own tables."""
