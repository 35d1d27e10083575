"""The runtime: created, updated, watched until it is ready, promoted, deleted."""
