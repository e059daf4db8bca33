"""The light of one charge on any path: sums of waves, and their resolution."""
