"""Crystals that guide charges: channeling, its limits, and undulators made of crystals."""
