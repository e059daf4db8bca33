"""Charges and how they start: species, clouds, files of particles."""
