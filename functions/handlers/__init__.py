"""One thin handler per stage: parse the event, call one function of `lifecycle`, return its result."""
