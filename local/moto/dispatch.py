"""How moto's server finds the service of a request, and the service's model: each folder is read once."""

from __future__ import annotations

import moto.core.utils as core_utils
from botocore.loaders import Loader
from moto import backends

_MODELS = Loader()


def keep_model_folders() -> None:
    """Read the list of botocore's model folders once; moto reads all of them for each service that it starts.

    Upstream: upstream/folders-read-again.md.
    """
    core_utils.create_loader = _loader  # type: ignore[attr-defined]


def _loader() -> Loader:
    return _MODELS


def keep_module_names() -> None:
    """Read the names of moto's modules once; its server reads its own folder twice for each request.

    Upstream: upstream/folders-read-again.md.
    """
    names = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: names
