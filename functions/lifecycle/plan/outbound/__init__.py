"""What would happen to what the agent's outbound calls need."""
