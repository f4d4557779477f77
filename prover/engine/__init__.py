"""What proves: searches for the holes of a text, and what becomes of them."""
