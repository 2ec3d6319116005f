"""One file per outside system: what we ask of it, the real client, and its in-memory double."""
