"""What an MCP gateway may reach, and the documents that say what its targets offer."""
