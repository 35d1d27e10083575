"""What a zip's requirements may say: nothing that makes uv run code of the source.

uv is told to install only wheels. It builds an editable package all the same (uv 0.13.9), and a build runs `setup.py`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection

from lifecycle.artifact.zips.contents import shown
from lifecycle.errors import ArtifactBuildError

# Whatever uv may take for the end of a line, and for a blank before an option. After a `#` comes a comment.
_LINES = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_EDITABLE = re.compile(r"[^\w#-]*(?:-e|--editable)")
_INCLUDE = re.compile(
    r"[^\w#-]*(?:-r|-c|--requirements?|--constraints?)[\s=]*(.*?)\s*(?:\s#.*)?", re.DOTALL
)


def check_requirements(name: str, names: Collection[str], text: Callable[[str], str]) -> None:
    """Refuse requirements whose installation runs code of the source.

    Args:
        name: The file's path in the source.
        names: The source's files.
        text: Reads a file of the source as UTF-8, with U+FFFD for what is none.

    Raises:
        ArtifactBuildError: The file, or one that it includes, has an editable package, is no UTF-8 text, or includes
            what is no file of the source.
    """
    seen, waiting = {name}, [name]
    while waiting:
        file = waiting.pop()
        content = text(file)
        if "\0" in content or "\ufffd" in content:
            raise ArtifactBuildError(f"{shown(file)} is no UTF-8 text; save it as UTF-8")
        for line in _LINES.split(content):
            if _EDITABLE.match(line):
                raise ArtifactBuildError(
                    f"{shown(file)} has {shown(line.strip())}, allowed: only packages that are wheels, because an "
                    "editable package runs code of the source in the build; name the package, or copy its files into "
                    "the source"
                )
            include = _INCLUDE.fullmatch(line)
            if include is None:
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file), include[1]))
            if path not in names:
                raise ArtifactBuildError(
                    f"{shown(file)} includes {shown(include[1])}, allowed: a file of the source; add it, or leave the "
                    "line out"
                )
            if path not in seen:
                seen.add(path)
                waiting.append(path)
