"""A local AWS for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.embedded import EmbeddedAws
from tests.local.moto.machines import TEMPLATE, Machines, app


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("seams")
    (folder / "code").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    with EmbeddedAws.start(
        state_dir=folder / "state",
        template=folder / "template.yaml",
        functions={"AppFunction": app},
    ) as aws:
        yield Machines(aws)
