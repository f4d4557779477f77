"""Benchmark runs: what their statements say, and whether the run can be trusted."""
