"""What a kit is made of on disk: its folder, its wheels, its keys, its state."""
