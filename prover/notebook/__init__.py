"""The notebook: searches that are seen, steered and kept."""
