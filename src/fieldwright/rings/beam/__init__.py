"""The beam that a ring holds: equilibria with radiation, and beams under coupling."""
