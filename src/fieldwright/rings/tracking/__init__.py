"""Many particles over many turns, and which of them stay."""
