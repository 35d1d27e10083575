"""The input's section `gateway`."""
