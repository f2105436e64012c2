"""The pure core: values in, values out. No file, socket, clock, process or randomness is touched here."""
