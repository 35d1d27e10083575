"""Observability: deliver the logs and traces of a runtime to CloudWatch, repair that, and remove it."""
