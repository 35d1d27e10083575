"""The cases of the smoke test: ask them in batches, and judge whether the version passes."""
