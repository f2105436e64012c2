"""The command line: options in, one use case, output and exit code out."""
