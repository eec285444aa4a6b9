"""The whole product in one process: every service, the queue, the search engine and PostgreSQL."""
