"""One thin handler a stage: parse the event, call one function of the domain, return its model."""
