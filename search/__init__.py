"""The search for a proof: knows neither Lean nor a language model."""
