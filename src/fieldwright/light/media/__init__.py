"""What light goes through, and how it is slowed and weakened there."""
