"""Artifacts by their content: built once for the stack, vouched for by an item, removed with their last user."""
