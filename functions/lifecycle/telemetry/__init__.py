"""What the record keeps about the delivery of a runtime's logs and traces."""
