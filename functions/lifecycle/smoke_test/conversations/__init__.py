"""The conversation that the smoke test holds with an agent, one for each protocol of the service."""
