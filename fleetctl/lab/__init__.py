"""Stand-in units on this machine, for demonstrations and tests; nothing but the command line imports it."""
