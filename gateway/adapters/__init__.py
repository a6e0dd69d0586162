"""What the ports stand on here: SQLite, an in-process broker, aiohttp's client, the machine's clock."""
