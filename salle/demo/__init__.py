"""The demonstration: fictional people, a fictional territory, simulated outside services."""
