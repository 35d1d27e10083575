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
from botocore.loaders import Loader
from moto.utilities import utils

_CATALOGUE = "ec2/resources/instance_type"
_load_resource = utils.load_resource


def _without_catalogue(filename: str) -> Any:
    return {} if filename.startswith(_CATALOGUE) else _load_resource(filename)


@contextmanager
def import_without_catalogue() -> Iterator[None]:
    """Skip the catalogue, and read the list of regions once, where EC2's import reads it three times.

    Upstream: upstream/ec2-catalogue.md.
    """
    loader = Loader()
    with (
        mock.patch.object(utils, "load_resource", _without_catalogue),
        mock.patch.object(botocore.session, "create_loader", return_value=loader),
    ):
        yield


with import_without_catalogue():
    import moto.ec2  # noqa: F401
