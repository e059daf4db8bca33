"""What a trap does to charges at rest and alone: frequencies, modes, cold crystals."""
