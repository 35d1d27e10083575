"""The end of an execution: the failure recorded, the lock released, the event sent, the output made."""
