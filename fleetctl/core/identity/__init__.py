"""Who a machine is to others: its certificate, and what it is registered as. Pure: no key, no clock."""
