"""A runtime that answers only its gateway: whether it is wanted, and what it forbids."""
