"""The automatic rollback: when a verification says that the version of `live` is bad, which version to go back to."""
