"""Training data: corpora, and what keeps benchmarks out of them."""
