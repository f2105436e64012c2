"""Commission a building: people's lines and instruments' findings become entries of the ledger, stage by stage."""
