"""Closed orbits, the matrices about them, and what these say: tunes, optics, modes."""
