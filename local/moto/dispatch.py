"""How moto's server finds the service and the operation of a request: what does not change is read once."""

from __future__ import annotations

import functools

import boto3
import moto.core.responses as core_responses
import moto.core.utils as core_utils
from botocore.loaders import Loader
from moto import backends
from moto.core.base_backend import AccountSpecificBackend

from local.edge.service_models import READERS, reading_session


def keep_model_folders() -> None:
    """Read botocore's model folders and models once; moto reads the folders for each service that it starts.

    It also reads the model of each service twice: for its operations, and for its regions.
    Upstream: upstream/folders-read-again.md.
    """
    core_utils.create_loader = _loader  # type: ignore[attr-defined]
    AccountSpecificBackend.get_session = _session  # type: ignore[method-assign]


def _loader() -> Loader:
    return READERS


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=reading_session())


def keep_module_names() -> None:
    """Read the names of moto's modules once; its server reads its own folder twice for each request.

    Upstream: upstream/folders-read-again.md.
    """
    names = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: names


def keep_operation_names() -> None:
    """List the methods of a service's class once; moto does so for each request, to see whether it has an operation.

    The class has no further method once every seam is in, and no request is served before.
    Upstream: upstream/operations-listed-again.md.
    """
    original = core_responses.method_names_from_class  # type: ignore[attr-defined]

    @functools.cache
    def names(kind: type) -> frozenset[str]:
        return frozenset(original(kind))

    core_responses.method_names_from_class = names  # type: ignore[attr-defined, assignment]
