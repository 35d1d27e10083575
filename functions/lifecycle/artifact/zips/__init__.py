"""Zips: what may be in one, how large it may be, and how one is read."""
