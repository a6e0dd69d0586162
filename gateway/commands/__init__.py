"""The commands, one module per group; each is a thin skin over ports and use-cases."""
