"""The language models: their architecture, sizes and tokenizer."""
