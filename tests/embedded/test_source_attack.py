"""A source whose own modules attack from its build: another environment's zip is what it was, and so is its answer.

The test plays the attack by what can be seen of it, so that it runs on the code before the boundary, too: there it
fails, because the build runs the source's `zipfile.py` with the rights to write where other environments' zips are.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.embedded
ECHO = (Path(__file__).parent / "agents" / "echo" / "main.py").read_text(encoding="utf-8")
# Runs when a command of the build imports a module by this name; in another folder, where nothing shadows `aws`.
MODULE = """
import base64, os, subprocess, sys
with open("/tmp/{name}.zip", "wb") as file:
    file.write(base64.b64decode({evil!r}))
for key in {keys!r}:
    target = "s3://" + os.environ["ARTIFACT_BUCKET"] + "/" + key
    subprocess.run(["aws", "s3", "cp", "--no-progress", "/tmp/{name}.zip", target], cwd="/", check=False)
sys.exit("no zip of mine")
"""


def evil_zip() -> str:
    """An agent that passes the smoke test in place of another's, in base64."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.py", ECHO.replace("echo of", "evil echo of"))
    return base64.b64encode(data.getvalue()).decode()


def test_the_modules_of_a_source_replace_nothing_of_another_environment(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    shop, thief = environment(), environment()

    def given(name: str, source: dict[str, str]) -> dict[str, Any]:
        return {
            "environment": name,
            "artifact": {"type": "code", "source": source},
            "auth": {"type": "iam"},
            "smokeTest": {"expect": "echo of"},
        }

    own = uploaded("echo", f"uploads/{shop}.zip", **{"own.txt": shop})
    first = lifecycle.run(given(shop, own))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    bucket = lifecycle.aws.outputs["ArtifactBucketName"]
    s3 = lifecycle.aws.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    key = first.output["artifact"]["key"]
    assert key in keys
    before = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    module = MODULE.format(keys=keys, name=thief, evil=evil_zip())
    attack = {f"{name}.py": module for name in ("zipfile", "sitecustomize", "usercustomize")}
    # Whether its own provision succeeds is not what this is about.
    lifecycle.run(given(thief, uploaded("echo", f"uploads/{thief}.zip", **attack)))
    again = lifecycle.run(given(shop, own))
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    answer = json.loads(again.output["smokeTest"]["answer"])["answer"]
    assert answer.startswith("echo of"), answer
    assert s3.head_object(Bucket=bucket, Key=key)["VersionId"] == before
    assert again.output["change"] == "unchanged"
