"""Polling loops: when they look next."""
