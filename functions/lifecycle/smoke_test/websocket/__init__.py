"""The WebSocket of an HTTP runtime: which callers get one, and what the agent answers on it."""
