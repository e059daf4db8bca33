"""Undulators and bending magnets: the light of one charge, of a beam, and its power."""
