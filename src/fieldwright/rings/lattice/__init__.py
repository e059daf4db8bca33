"""What a ring is made of, and how particles pass it: elements, maps, a lattice as rows."""
