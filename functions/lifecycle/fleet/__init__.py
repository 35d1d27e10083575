"""The fleet: many environments chosen, and reported on."""
