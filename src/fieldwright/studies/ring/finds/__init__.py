"""What the cases of a ring study can be asked to `find`: a section each."""
