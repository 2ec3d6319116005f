"""Local stand-ins for the outside services of the demonstration; they know no product data."""
