"""Rings as files: PALS, other programs' lattices, and the gallery's ring."""
