"""What a drive does to a trap: growth, bands of instability, scans of losses."""
