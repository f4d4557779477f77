"""The editor: a language server, and a proxy in front of Lean's own."""
