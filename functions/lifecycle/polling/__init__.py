"""Polling loops: when they look next, and what is kept of how long runs took."""
