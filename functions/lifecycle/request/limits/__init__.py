"""What can be said of an input without the models of its sections, which many functions do not need."""
