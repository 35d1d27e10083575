"""The guard of a runtime whose callers sign with IAM: a resource policy by which only its gateway's role may call."""
