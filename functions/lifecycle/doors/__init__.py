"""Doors: what an environment's gateway is and where it answers, for the stages that make, test and remove it."""
