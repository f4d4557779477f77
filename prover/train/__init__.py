"""Training: continued pretraining and what follows it."""
