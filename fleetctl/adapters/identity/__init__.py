"""The fleet's CA, by `cryptography`: keys in files of mode 0600, certificates in the fleet's folder."""
