"""botocore's service models, and sessions that share them: reading one takes up to a tenth of a second."""

from __future__ import annotations

import functools

import botocore.session
from botocore.loaders import Loader

READERS = Loader()
"""Reads the models for everybody who only reads in them."""

_OF_CLIENTS = Loader()
"""Reads them for clients.

Two, because a client writes into what it was given: the first S3 call with a bucket takes
`/{Bucket}` out of the operation's path in the model (botocore's
`handlers.remove_bucket_from_url_paths_from_model`), and no request would fit that path again.
"""


def new_session() -> botocore.session.Session:
    """Return a botocore session for clients; model files are read at most once in this process."""
    return _session(_OF_CLIENTS)


@functools.cache
def reading_session() -> botocore.session.Session:
    """Return the session of this process for whoever reads in models and makes no clients."""
    return _session(READERS)


def _session(loader: Loader) -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", loader)
    return session
