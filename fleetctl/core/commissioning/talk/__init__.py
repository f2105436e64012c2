"""The conversation with whoever commissions a building: lines in, entries and sayings out. Pure."""
