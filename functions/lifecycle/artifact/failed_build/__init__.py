"""Why a build failed: which phase, what its log says, whose fault that is, and where the log is."""
