"""What agents and integrators use: the agent API, its live feed, and the inbox's pages."""
