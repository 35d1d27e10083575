"""The smoke test: what must be refused is refused, and what must be answered is answered."""
