"""Roles: make the IAM roles that belong to one environment, repair them, and remove them."""
