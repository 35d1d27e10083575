"""The evaluators of the smoke test: the input, and what the state machine knows of them."""
