"""The request: the validated input of an execution, and how events start executions."""
