"""The end of an execution: failures recorded, the lock released, the event put, the output made."""
