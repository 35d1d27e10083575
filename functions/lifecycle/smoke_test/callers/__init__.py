"""The callers of a runtime: with a bearer token or none, and with SigV4."""
