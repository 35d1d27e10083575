"""The plan: what a provision or a rollback would do, found by its own stages, with clients that only read."""
