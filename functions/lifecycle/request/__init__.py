"""The request: what an execution is asked to do, validated, and how an event becomes one."""
