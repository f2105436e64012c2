"""Discovery on real wires: reads what devices and their programs say, and gets it. Decides nothing."""
