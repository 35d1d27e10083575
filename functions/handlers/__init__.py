"""One thin handler per stage: parse the event, call one function of `lifecycle`, return its result."""

import gc

# What a cold start imports stays, so there is no garbage in it, and looking for some costs a tenth of the cold start.
# Python looks after 700 new containers. The imports and clients of no function are 200,000, some 20 megabytes.
gc.set_threshold(200_000)
