"""No state, event or cause of a fleet grows with the number of environments, even if all of them fail.

The fleet's own functions run as they are; the lifecycle is a machine that fails at once (`benchmarks/fleet.py`, which
measures a thousand, too).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from benchmarks.fleet import Functions, fail_every_lifecycle, rebuild
from local.embedded import EmbeddedAws

pytestmark = pytest.mark.embedded
COUNTS = [10, 100]
LARGEST = 64 * 1024
# Numbers of more digits: of environments, of events, of bytes in a manifest.
MARGIN = 64


@pytest.fixture(scope="module")
def functions() -> Functions:
    return Functions()


@pytest.fixture(scope="module")
def aws(functions: Functions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with (
        EmbeddedAws.start(
            state_dir=tmp_path_factory.mktemp("aws"), functions=functions.by_name()
        ) as embedded,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in functions.enter(embedded).items():
            patch.setenv(name, value)
        fail_every_lifecycle(embedded)
        yield embedded


def test_nothing_of_a_fleet_grows_with_its_environments(
    aws: EmbeddedAws, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes: dict[int, dict[str, int]] = {}
    for count in COUNTS:
        run, sizes[count] = rebuild(aws, functions, count)
        assert (run.description["status"], run.description["error"]) == ("FAILED", "FleetError")
        assert (
            f"rebuild: {count} of {count} environments failed: e0000: BuildError: a cause"
            in (run.description["cause"])
        )
        # The report names every one of them.
        place = json.loads(functions.details[-1])["report"]
        body = aws.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        failures = json.loads(body)["failures"]
        assert [item["environment"] for item in failures] == [f"e{n:04}" for n in range(count)]
        assert all(item["link"].endswith(item["execution"]) for item in failures)
    with capsys.disabled():
        print("\nlargest of a fleet, in bytes")
        for count, found in sizes.items():
            print(f"  {count:5} environments: " + ", ".join(f"{k} {v}" for k, v in found.items()))
    assert max(size for found in sizes.values() for size in found.values()) < LARGEST
    for name in sizes[COUNTS[0]]:
        values = [found[name] for found in sizes.values()]
        assert max(values) - min(values) <= MARGIN, name
