"""The gateway in front of a runtime, and the role of its own that it needs if a policy closes the runtime."""
