"""The cases of the smoke test: read from S3, pinned, and divided into batches."""
