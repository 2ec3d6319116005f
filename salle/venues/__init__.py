"""Sites, spaces, rooms, their opening, what occupies them, and the search of idle time."""
