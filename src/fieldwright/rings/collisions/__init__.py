"""Two beams that meet: luminosity, and what they do to each other."""
