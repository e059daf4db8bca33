"""Integrators, one interface: a step from one time to the next; and what they work on."""
