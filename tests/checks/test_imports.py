"""import-linter refuses an import that points the wrong way, and accepts the code as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.imports import PACKAGES, PROJECT

CODE = {
    "the ground imports the local AWS": (
        "functions/lifecycle/names.py",
        "from local.embedded import EmbeddedAws",
        "What ships does not know the local AWS or the command line",
    ),
    "the ground imports a package above it": (
        "functions/lifecycle/names.py",
        "from lifecycle.request.model import Request",
        "A package of lifecycle imports only packages below it",
    ),
    "a lower package imports a higher one": (
        "functions/lifecycle/identity/provision.py",
        "from lifecycle.fleet import select",
        "A package of lifecycle imports only packages below it",
    ),
    "only for types": (
        "functions/lifecycle/request/model.py",
        "if TYPE_CHECKING:\n    from lifecycle.runtime.description import DeployedRuntime",
        "A package of lifecycle imports only packages below it",
    ),
    "a package imports the one beside it": (
        "functions/lifecycle/artifact/publish.py",
        "from lifecycle.identity import oauth",
        "A package of lifecycle imports only packages below it",
    ),
    "lifecycle imports a handler": (
        "functions/lifecycle/runtime/deploy.py",
        "from handlers import check_runtime",
        "lifecycle does not import handlers",
    ),
    "the agent imports lifecycle": (
        "agent/main.py",
        "from lifecycle import names",
        "The agent imports nothing of this repository",
    ),
    "the local AWS imports the command line": (
        "local/embedded.py",
        "import cli.main",
        "The local AWS imports neither what it runs nor the command line",
    ),
    "a lower package of the local AWS imports a higher one": (
        "local/edge/server.py",
        "from local.agentcore.service import AgentCore",
        "A package of local imports only packages below it",
    ),
    "the command line takes more than is named": (
        "cli/main.py",
        "from lifecycle.table import Records",
        "The command line takes from lifecycle only what is named here",
    ),
    "a module without a place": (
        "functions/lifecycle/newcomer.py",
        "",
        "lifecycle.newcomer",
    ),
    "a module that is not seen": (
        "functions/lifecycle/hidden/oracle.py",
        "import local.embedded",
        "functions/lifecycle/hidden/oracle.py is not seen",
    ),
}
"""What is planted: the file, what is put at its end, and what the check must say."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for place in PACKAGES.values():
        shutil.copytree(
            PROJECT / place, folder / place, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(PROJECT / ".importlinter", folder)
    return folder


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    # A process of its own: this one has the packages of the project loaded.
    return subprocess.run(
        [sys.executable, "-m", "tests.checks.imports", str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_code_as_it_is_passes(copy: Path) -> None:
    ended = check(copy)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(("file", "planted", "said"), CODE.values(), ids=CODE.keys())
def test_a_wrong_import_is_refused(copy: Path, file: str, planted: str, said: str) -> None:
    place = copy / file
    before = place.read_text("utf-8") if place.exists() else None
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"{before or ''}\n{planted}\n", "utf-8")
    try:
        ended = check(copy)
    finally:
        if before is None:
            place.unlink()
            if not any(place.parent.iterdir()):
                place.parent.rmdir()
        else:
            place.write_text(before, "utf-8")
    assert ended.returncode == 1
    assert said in " ".join(ended.stderr.split())
