"""Gateway: make an AgentCore Gateway in front of the runtime, repair it, and remove it."""
