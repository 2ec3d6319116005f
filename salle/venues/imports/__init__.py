"""Official files read into the venues: one module per file, one shared layer (tables, runs)."""
