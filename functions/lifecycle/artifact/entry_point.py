"""How AgentCore starts a zip: the entry point that the request names, or the default of its language."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Collection

from lifecycle.artifact.zips.contents import shown
from lifecycle.artifact.zips.requirements import check_requirements
from lifecycle.errors import ArtifactBuildError

# These packages install the program opentelemetry-instrument. AgentCore cannot start a zip with it without them.
_INSTRUMENTS = re.compile(
    r"^\s*(aws-)?opentelemetry-(distro|instrumentation)\b", re.IGNORECASE | re.MULTILINE
)
INSTRUMENT = "opentelemetry-instrument"
_LONGEST = 128  # botocore's model: CodeConfigurationEntryPointListMemberString


def is_node(runtime: str) -> bool:
    """Tell whether a language runtime is Node.js."""
    return runtime.startswith("NODE")


def source_entry_point(
    given: list[str] | None, runtime: str, names: Collection[str], text: Callable[[str], str]
) -> list[str]:
    """Say how the zip that is built of a source starts, and check that the source has what the build needs.

    Args:
        given: `artifact.entryPoint`.
        runtime: The language runtime.
        names: The source's files.
        text: Reads a file of the source; empty when there is none.

    Returns:
        The entry point as AgentCore takes it.

    Raises:
        ArtifactBuildError: The source has no entry file, no `requirements.txt` or no `package.json`, or its
            requirements would run its code in the build.
    """
    needed = "package.json" if is_node(runtime) else "requirements.txt"
    if needed not in names:
        raise ArtifactBuildError(
            f"the source has no {needed} at its root, which {runtime} requires; add it"
        )
    if not is_node(runtime):
        check_requirements(needed, names, text)
    instrumented = not is_node(runtime) and _INSTRUMENTS.search(text(needed)) is not None
    entry_point = given or _default(runtime, names, text, instrumented=instrumented)
    check_file(entry_point, names, "the source")
    return entry_point


def package_entry_point(
    given: list[str] | None, runtime: str, names: Collection[str], text: Callable[[str], str]
) -> list[str]:
    """Say how a ready-made zip starts, and check that it has the entry point.

    Args:
        given: `artifact.entryPoint`.
        runtime: The language runtime.
        names: The zip's files.
        text: Reads a file of the zip; empty when there is none.

    Raises:
        ArtifactBuildError: The entry file or program is not there, or AgentCore could not start the program.
    """
    instrumented = f"bin/{INSTRUMENT}" in names
    entry_point = given or _default(runtime, names, text, instrumented=instrumented)
    check_file(entry_point, names, "the package")
    if len(entry_point) == 2 and not is_node(runtime):
        program = f"bin/{entry_point[0]}"
        if program not in names:
            raise ArtifactBuildError(
                f"the package has no {shown(program)}, the program of the entry point; add it, or correct "
                "artifact.entryPoint"
            )
        first = text(program).partition("\n")[0]
        if first.startswith("#!") and not first.startswith(("#!/usr/bin/env ", "#!/bin/sh")):
            raise ArtifactBuildError(
                f"the package's {shown(program)} begins with {shown(first)}, an interpreter that AgentCore does not "
                "have; write #!/usr/bin/env python3"
            )
    return entry_point


def check_file(entry_point: list[str], names: Collection[str], what: str) -> None:
    """Refuse an entry file that is not there."""
    if posixpath.normpath(entry_point[-1]) not in names:
        raise ArtifactBuildError(
            f"{what} has no {_plain(entry_point[-1])} at its root, the file of the entry point; add it, or set "
            "artifact.entryPoint"
        )


def _default(
    runtime: str, names: Collection[str], text: Callable[[str], str], *, instrumented: bool
) -> list[str]:
    if is_node(runtime):
        return [_main_of_node(names, text("package.json"))]
    return [INSTRUMENT, "main.py"] if instrumented else ["main.py"]


def _main_of_node(names: Collection[str], package: str) -> str:
    """The file that Node.js loads: `main`, with or without its ending, or `index.js`."""
    try:
        said = json.loads(package) if package else {}
    except (ValueError, RecursionError) as error:
        raise ArtifactBuildError("package.json is not valid JSON; correct it") from error
    main = said.get("main") if isinstance(said, dict) else None
    if not isinstance(main, str) or not main:
        return "index.js"
    main = posixpath.normpath(main)
    found = next((name for name in (main, f"{main}.js", f"{main}/index.js") if name in names), main)
    if len(found) > _LONGEST:
        raise ArtifactBuildError(
            f"main of package.json is {shown(found)}, allowed: at most {_LONGEST} characters; set artifact.entryPoint"
        )
    return found


def _plain(name: str) -> str:
    return shown(name)[1:-1]
