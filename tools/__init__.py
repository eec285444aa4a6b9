"""What developers run: generators, servers for tests, the test run itself."""
