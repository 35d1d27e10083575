"""What a smoke test with or without cases tests, and what it writes into the record at its end."""
