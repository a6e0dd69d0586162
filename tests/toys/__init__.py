"""What several tests play with: a connector that hides nothing, an HTTP client that does as told, a clock to turn."""
