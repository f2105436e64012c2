"""What a rollout's report says: who did what when, what it did to the heat, what was decided, how units stand."""
