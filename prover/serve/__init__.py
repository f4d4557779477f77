"""One engine for all doors: a process that keeps Lean, models and caches warm between requests."""
