"""What models learn from and are measured on."""
