"""The secret of the smoke test's caller, and the access token that it is exchanged for."""
