"""People, their identities, their roles, and signing in."""
