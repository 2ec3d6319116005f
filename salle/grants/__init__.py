"""The fund that paid for the service: its published records, and the projects it funded."""
