"""SSH, twice from one `Route`: paramiko for probes and single commands, a generated configuration for OpenSSH."""
