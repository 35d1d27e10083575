"""One thin handler per stage: parse the event, call one function of `lifecycle`, return its result."""

import gc

# What a cold start imports stays, so there is no garbage in it; to look for some while it grows costs a tenth of the
# cold start. Python's own threshold is 700. This many containers are some ten megabytes.
gc.set_threshold(100_000)
