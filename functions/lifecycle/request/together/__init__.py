"""What the fields of a request must agree on."""
