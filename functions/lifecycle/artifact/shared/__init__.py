"""Artifacts by their content: built once for the stack, pinned by an item, removed with their last user."""
