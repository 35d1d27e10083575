"""The fleet: select many environments, and report on them."""
