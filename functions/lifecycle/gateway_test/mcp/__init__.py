"""What only the test of an MCP gateway does: its looks, its conversation, and what it says of a tool that failed."""
