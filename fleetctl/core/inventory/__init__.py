"""The declared fleet: what site files say, what follows from it, and what may never be said."""
