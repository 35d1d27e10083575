"""moto's EC2 without its catalogue of instance types: import this module before anything that imports moto.

Step Functions' interpreter imports AWS Batch, which imports EC2. EC2 reads at its import which instance types AWS
offers in each region: 95 MiB that nothing here asks for. DescribeInstanceTypes of the local AWS finds none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import botocore.session
from moto.utilities import utils

from local.edge.service_models import READERS, reading_session

_CATALOGUE = "ec2/resources/instance_type"
_load_resource = utils.load_resource
_load_service_model = READERS.load_service_model


def _without_catalogue(filename: str) -> Any:
    return {} if filename.startswith(_CATALOGUE) else _load_resource(filename)


def _without_ec2(service: str, *given: Any, **named: Any) -> Any:
    # Of its model, botocore's list of regions only wants a name for EC2's endpoints, which is `ec2` if it has none.
    return {"metadata": {}} if service == "ec2" else _load_service_model(service, *given, **named)


@contextmanager
def import_without_catalogue() -> Iterator[None]:
    """Skip the catalogue and EC2's model, and use one session where the imports make five.

    Upstream: upstream/ec2-catalogue.md.
    """
    with (
        mock.patch.object(utils, "load_resource", _without_catalogue),
        mock.patch.object(botocore.session, "get_session", reading_session),
        mock.patch.object(READERS, "load_service_model", _without_ec2),
    ):
        yield


with import_without_catalogue():
    import moto.ec2

    # Imports the X-Ray SDK, which makes two sessions.
    import moto.xray  # noqa: F401
