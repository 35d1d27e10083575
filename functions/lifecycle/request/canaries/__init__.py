"""Whether a canary is to be, why not, and whether one was left behind."""
