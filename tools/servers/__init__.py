"""Real PostgreSQL, RabbitMQ and OpenSearch on loopback, without containers; and nginx, installed only.

`python -m tools.servers up|down|status|env|install|clean [SERVER]...` Everything is kept under one home, on ports of
its own that are chosen once: several homes on one machine don't meet. Fit for tests, not for data one wants
to keep: PostgreSQL runs without fsync.
"""
