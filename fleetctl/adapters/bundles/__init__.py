"""RAUC bundles as files: their layout, their signature, their hash tree."""
