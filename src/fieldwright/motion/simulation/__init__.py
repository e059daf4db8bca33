"""A run from its plan to its trajectory, one or many."""
