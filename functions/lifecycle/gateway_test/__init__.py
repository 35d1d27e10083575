"""The test of a gateway: what its address must refuse, and what it must answer."""
