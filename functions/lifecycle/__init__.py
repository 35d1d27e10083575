"""What the stages of the lifecycle do. Handlers call it; it calls AWS through `lifecycle.clients` and nothing else."""
