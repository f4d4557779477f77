"""From words to a formal proof: sketches, what fills them, and who writes them."""
