"""Discovery: what is on the wire, held against what is declared. Pure."""
