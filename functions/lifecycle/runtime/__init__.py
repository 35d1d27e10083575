"""The runtime: create, update, wait until ready, promote, delete."""
