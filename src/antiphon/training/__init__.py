"""Learning models and exporting them."""
