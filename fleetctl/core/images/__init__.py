"""System images as data: recipes, locked packages, disk layout, what boots; pure."""
