"""What never belongs in an artifact is left out or refused by name: in the bundled folder and in source zips."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lifecycle.artifact.source import Kind, pack_folder, pack_object
from lifecycle.artifact.zips.contents import RULES
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source

ROOT = Path(__file__).parents[4]
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PRIVATE = b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
AGENT = {"main.py": b"1", "requirements.txt": b""}
LEFT_OUT = [
    ".venv/bin/python",
    "tools/.venv/lib/x.py",
    "__pycache__/main.cpython-313.pyc",
    "tools/__pycache__/x.pyc",
    "old.pyc",
    ".pytest_cache/v/x",
    ".mypy_cache/x",
    ".ruff_cache/x",
    ".git/config",
    ".git",
    ".hg/store",
    ".svn/entries",
    ".DS_Store",
    "tools/.DS_Store",
    "__MACOSX/main.py",
    ".idea/workspace.xml",
    ".vscode/settings.json",
    "node_modules/x/i.js",
    "ui/node_modules/x/i.js",
    # Even a secret: it is not packed.
    "node_modules/x/.env",
]
REFUSED = [
    ".env",
    ".ENV",
    "tools/.env",
    ".env.production",
    ".envrc",
    "server.key",
    "keys/server.pem",
    "store.p12",
    "id_rsa",
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".aws/config",
    "rootkey.csv",
    "me_accessKeys.csv",
    ".netrc",
    ".pypirc",
    ".git-credentials",
]
KEPT = [
    ".env.example",
    "id_rsa.pub",
    "keys.py",
    "aws/credentials.py",
    "env/x.py",
    "environment.py",
    ".dockerignore",
    "git/x.py",
]


@pytest.fixture(params=["folder", "zip"])
def pack(request: pytest.FixtureRequest, world: Any, tmp_path: Path) -> Any:
    """Packs files as the bundled folder or as a source zip; returns names and hash."""

    def packed(files: dict[str, bytes], kind: Kind = "code") -> tuple[list[str], str]:
        if request.param == "folder":
            folder = tmp_path / f"source-{len(list(tmp_path.iterdir()))}"
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            context = pack_folder(folder, kind)
        else:
            body = io.BytesIO()
            with zipfile.ZipFile(body, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            world.clients.s3.put_object(Bucket="artifacts", Key="agent.zip", Body=body.getvalue())
            source = Source(bucket="artifacts", key="agent.zip")
            context = pack_object(world.clients.s3, source, kind)
        with context as result, zipfile.ZipFile(result.file) as archive:
            return archive.namelist(), result.content_hash

    return packed


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_no_part_of_the_agent_is_left_out(pack: Any, name: str) -> None:
    assert pack({**AGENT, name: b"x"}) == pack(AGENT)


@pytest.mark.parametrize("name", KEPT)
def test_what_only_looks_like_it_is_kept(pack: Any, name: str) -> None:
    names, content_hash = pack({**AGENT, name: b"x"})
    assert name in names
    assert content_hash != pack(AGENT)[1]


@pytest.mark.parametrize("name", REFUSED)
def test_a_secret_is_refused_by_name(pack: Any, name: str) -> None:
    with pytest.raises(ArtifactBuildError) as caught:
        pack({**AGENT, name: PRIVATE})
    assert repr(name) in str(caught.value)
    assert "MIIB" not in str(caught.value)


def test_a_virtual_environment_of_any_name_is_left_out(pack: Any) -> None:
    environment = {"my env/pyvenv.cfg": b"home = /usr", "my env/lib/cacert.pem": PRIVATE}
    assert pack({**AGENT, **environment}) == pack(AGENT)


def test_a_pem_file_that_holds_only_certificates_is_kept(pack: Any) -> None:
    assert "bundle.pem" in pack({**AGENT, "bundle.pem": CERTIFICATE * 2})[0]
    with pytest.raises(ArtifactBuildError, match=r"bundle\.pem"):
        pack({**AGENT, "bundle.pem": CERTIFICATE + PRIVATE})


def test_node_modules_stay_for_a_container_with_node(pack: Any) -> None:
    modules = {"node_modules/x/i.js": b"x"}
    node = {"Dockerfile": b"FROM x", "package.json": b"{}", **modules}
    assert "node_modules/x/i.js" in pack(node, "container")[0]
    assert "node_modules/x/i.js" not in pack(node)[0]
    assert "node_modules/x/i.js" not in pack({"Dockerfile": b"FROM x", **modules}, "container")[0]


def test_many_refusals_and_long_names_make_a_short_message(pack: Any) -> None:
    many = {f"{'d' * 200}{n:03}/.env": b"x" for n in range(500)}
    with pytest.raises(ArtifactBuildError, match="and 495 more") as caught:
        pack({**AGENT, **many})
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize(("page", "comma"), [("docs/inputs.md", ", "), ("docs/ja/inputs.md", "、")])
def test_the_page_has_the_table(page: str, comma: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    for rule in RULES:
        names = f"`{comma}`".join(rule.names)
        assert any(f"| `{names}`" in line for line in lines), rule.names
