"""The plan: what a provision would do, found by its own stages, with clients that only read."""
