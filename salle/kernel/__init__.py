"""Small pure tools; no Flask, no SQLAlchemy, nothing of ours from outside."""
