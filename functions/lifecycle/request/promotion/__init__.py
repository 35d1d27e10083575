"""The input's section `promotion`: how callers come to a version that passed."""
