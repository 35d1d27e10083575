"""What an agent wrote to its log, for the cause of a failure."""
