"""Whether a canary is to be, and why not."""
