"""Canary: try a version with a growing share of the calls through the gateway, before `live` moves to it."""
