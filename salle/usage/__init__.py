"""What the rooms were used for, without personal data: indicators of a period."""
