"""One thin handler per stage: parse the event, call one function of `lifecycle`, return its result."""

import gc

# What a cold start imports stays, so there is no garbage in it, and looking for some costs a tenth of the cold start.
# Python looks after 700 new containers, or 2,000 in 3.13. No function's imports and clients make 200,000, which
# are some 20 megabytes.
gc.set_threshold(200_000)
