"""What the gateway of a closed runtime needs before the runtime is called: itself, and a target for the test."""
