"""What the AWS account must have before an environment may rely on it."""
