"""Credentials: make AgentCore Identity credential providers and the agent's role, repair them, and remove them."""
