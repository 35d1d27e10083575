"""Which line of a build's log says why the build failed.

The texts are those of the programs that a build runs: BuildKit and the older builder of Docker, pip, uv, npm, apt,
Python, and the commands of `buildspec.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lifecycle.agent_log.lines import is_exception, is_trouble, without_escapes

# BuildKit puts the number of the step and the seconds before each line of a command.
_STEP = re.compile(r"#\d+ (?:\d+\.\d+ )?")
_CODEBUILD = "[Container] "
_COMMAND = re.compile(r"\[Container\] \S+ \S+ Running command ")
# Docker's last word on a RUN line: only that its command failed. What the command itself wrote says why.
_ONLY_STATUS = re.compile(
    r"(?:did not complete successfully: exit code: |returned a non-zero code: |ended with exit status )\d+"
)
# BuildKit's heading of a step, which has the whole command.
_HEADING = re.compile(r"(?: > )?(\[(?:\S+ )?\d+/\d+\]) ")
_DOCKER = re.compile(
    r"(?:ERROR: )?failed to solve(?: with frontend \S+)?: |docker: |Error response from daemon: |denied: "
    r"|unauthorized: |error checking context: |(?:COPY|ADD) failed: |Dockerfile parse error |toomanyrequests: ",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left on device", re.IGNORECASE)
_UV = "╰─▶ "
# What uv, git and compilers call an error; pip and npm in their way; apt; and the commands of our own buildspec.
_SAID = re.compile(
    r"error: |fatal: |E: |ERROR: |The (?:source|package) (?:has|does|links)\b|ARTIFACT_TYPE must be"
)
_NPM = re.compile(r"npm (?:error|ERR!) (?!code |errno |syscall |path |A complete log )(?=\S)")
_NPM_UNKNOWN = " is not in this registry"
UNREACHED = re.compile(
    r"name resolution|Could not resolve host|no such host|lookup \S+ on \S+|dns error|ENOTFOUND|EAI_AGAIN|ECONNREFUSED"
    r"|ECONNRESET|ETIMEDOUT|Connection (?:refused|reset|timed out)|i/o timeout|TLS handshake timeout"
    r"|Network is unreachable|No route to host|Read timed out|ConnectTimeout|error sending request"
    r"|Client\.Timeout exceeded|request canceled while waiting for connection|context deadline exceeded",
    re.IGNORECASE,
)
"""What programs write when they do not reach a host."""
# pip also says so after it could not ask.
_NOT_FOUND_AFTER_ALL = re.compile(r"No matching distribution|Could not find a version")


def reason(lines: Iterable[str]) -> str | None:
    """Find the line that says why a build failed.

    Args:
        lines: The end of its log, the oldest first.

    Returns:
        The line, without what BuildKit puts before it. If Docker only says that a command failed, the step and the
        exit code, because the command itself may have a password. None when no line says why.
    """
    said = list(_of_the_last_command(lines))
    docker = [line for line in said if _DOCKER.match(line)]
    final = docker[-1] if docker else None
    if final is not None and not _ONLY_STATUS.search(final):
        return final
    found = _exact(said)
    if found is not None and _NOT_FOUND_AFTER_ALL.search(found):
        return next((line for line in reversed(said) if UNREACHED.search(line)), found)
    if found is not None:
        return found
    trouble = [
        line
        for line in said
        if (is_trouble(line) or _FULL.search(line))
        and not _ONLY_STATUS.search(line)
        and not _HEADING.match(line)
    ]
    if trouble:
        return trouble[-1]
    return None if final is None else _status(final, said)


def _status(final: str, said: list[str]) -> str:
    *_, status = _ONLY_STATUS.finditer(final)
    steps = [found[1] for found in map(_HEADING.match, said) if found]
    return f"{f'step {steps[-1]}' if steps else 'a RUN'} {status[0]}"


def _of_the_last_command(lines: Iterable[str]) -> Iterator[str]:
    """What the last command wrote, a line each; CodeBuild stops at the first command that fails."""
    wrote: list[str] = []
    for line in lines:
        if _COMMAND.match(line):
            wrote = []
        elif not line.startswith(_CODEBUILD):
            wrote.append(without_escapes(line).rstrip())
    for line in wrote:
        text = _STEP.sub("", line, count=1) if _STEP.match(line) else line
        if text:
            yield text


def _exact(said: list[str]) -> str | None:
    """The last line in which a program says what it could not do."""
    found = None
    npm = [line for line in said if _NPM.match(line)]
    for number, line in enumerate(said):
        if line.lstrip().startswith(_UV):
            found = _with_indented(line.lstrip(), said[number + 1 :])
        elif is_exception(line):
            found = line
        elif _SAID.match(line) and not _ONLY_STATUS.search(line):
            found = _with_indented(line, said[number + 1 :])
    if npm:
        return next((line for line in npm if _NPM_UNKNOWN in line), npm[0])
    return found


def _with_indented(line: str, following: list[str]) -> str:
    """A line with those that go on with it: uv breaks its sentences, and indents what caused an error."""
    whole = [line.removeprefix(_UV)]
    for other in following:
        if not other[0].isspace():
            break
        whole.append(other.strip())
    return " ".join(whole)
