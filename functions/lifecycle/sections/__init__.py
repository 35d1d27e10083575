"""The sections of an environment's record, as models. `lifecycle.record` puts them together."""
