"""What a source may contain: files that never belong in an artifact are left out, or refused by name.

The table `RULES` applies to the bundled agent's folder and to source zips alike, before the content hash is made, so a
cache does not change the hash. docs/inputs.md has the same table; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from lifecycle.errors import ArtifactBuildError

_SHOWN_NAMES = 5
_SHOWN_CHARACTERS = 100
# A file that ends in .pem and is larger than this is no certificate.
_LARGEST_PEM = 1024 * 1024


class Rule(NamedTuple):
    """One line of the table.

    Attributes:
        outcome: Whether such a file is left out, or makes the source invalid.
        names: Patterns for the name of a file, in lower case; `name/` is a folder, and matches everything in it.
        reason: Why, in a few words.
        but: Patterns for names that are allowed all the same.
    """

    outcome: Literal["left out", "refused"]
    names: tuple[str, ...]
    reason: str
    but: tuple[str, ...] = ()


NODE_MODULES = "node_modules"
RULES = (
    Rule("left out", (".venv/", "pyvenv.cfg"), "virtual environment; the build installs packages"),
    Rule(
        "left out",
        (f"{NODE_MODULES}/",),
        "not for a Python agent; for a Node.js zip, the build installs packages",
    ),
    Rule(
        "left out",
        (
            "__pycache__/",
            "*.pyc",
            "*.pyo",
            ".pytest_cache/",
            ".mypy_cache/",
            ".ruff_cache/",
            ".tox/",
            ".nox/",
            ".ipynb_checkpoints/",
        ),
        "cache",
    ),
    Rule("left out", (".git", ".git/", ".hg/", ".svn/"), "version control"),
    Rule(
        "left out",
        (".ds_store", "__macosx/", "thumbs.db", "desktop.ini", ".idea/", ".vscode/"),
        "of the desktop or the editor",
    ),
    Rule(
        "refused",
        (".env", ".env.*", ".envrc"),
        "settings that often hold secrets",
        but=(".env.example", ".env.sample", ".env.template"),
    ),
    Rule(
        "refused",
        (
            "*.pem",
            "*.key",
            "*.p12",
            "*.pfx",
            "*.jks",
            "*.ppk",
            "id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ed25519",
        ),
        "private key (a .pem file that holds only certificates is allowed)",
    ),
    Rule(
        "refused",
        (".aws/", "credentials.csv", "accesskeys.csv", "*_accesskeys.csv", "rootkey.csv"),
        "AWS credentials",
    ),
    Rule(
        "refused",
        (".netrc", "_netrc", ".pypirc", ".git-credentials"),
        "credentials of other services",
    ),
)
"""The table, in order: the first rule that matches a file decides."""


def sort_out(
    names: Iterable[str], read: Callable[[str, int], bytes], *, keep_node_modules: bool = False
) -> set[str]:
    """Decide which files of a source are packed.

    Args:
        names: The files' paths in the source, relative and with `/`.
        read: Reads the first bytes of a file.
        keep_node_modules: Do not leave `node_modules` out: the source is a container's, with Node.js.

    Returns:
        The files to pack.

    Raises:
        ArtifactBuildError: The source has files that are refused; names the first ones with the reason.
    """
    paths = {name: PurePosixPath(name) for name in names}
    # A virtual environment can have any name, but always has this file at its root.
    environments = {path.parent for path in paths.values() if path.name == "pyvenv.cfg"}
    wanted, refused = set(), []
    for name, path in paths.items():
        if environments.intersection(path.parents):
            continue
        rule = _rule_for(path, keep_node_modules)
        if rule is None or (rule.outcome == "refused" and _only_certificates(name, read)):
            wanted.add(name)
        elif rule.outcome == "refused":
            refused.append(f"{shown(name)} ({rule.reason.partition(' (')[0]})")
    if refused:
        raise ArtifactBuildError(
            f"the source has files that must not be in an artifact: {listed(sorted(refused))}; remove them from the "
            "source, and pass secrets by AWS Secrets Manager"
        )
    return wanted


def shown(name: str) -> str:
    """A file's name as an error shows it: quoted, and cut if it is long."""
    text = repr(name)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def listed(texts: list[str]) -> str:
    """The first of many texts, and how many more there are."""
    more = len(texts) - _SHOWN_NAMES
    return ", ".join(texts[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _rule_for(path: PurePosixPath, keep_node_modules: bool) -> Rule | None:
    *folders, file = (part.lower() for part in path.parts)
    for rule in RULES:
        for pattern in rule.names:
            if pattern == f"{NODE_MODULES}/" and keep_node_modules:
                continue
            if pattern.endswith("/"):
                found = pattern[:-1] in folders
            else:
                found = fnmatchcase(file, pattern) and file not in rule.but
            if found:
                return rule
    return None


def _only_certificates(name: str, read: Callable[[str, int], bytes]) -> bool:
    if not name.lower().endswith(".pem"):
        return False
    head = read(name, _LARGEST_PEM + 1)
    return (
        len(head) <= _LARGEST_PEM
        and b"-----BEGIN CERTIFICATE-----" in head
        and b"PRIVATE KEY" not in head
    )
