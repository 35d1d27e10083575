r"""Patterns of AWS service models, read by Python.

The models are written for Java's and JavaScript's engines. What differs is translated, construct by
construct, and nothing is skipped: a pattern that still cannot be compiled is an error at start.

| in the model | in Python | why |
|---|---|---|
| whole pattern | `fullmatch` | AgentCore matches the whole value, though its patterns have no anchors |
| `\s`, `\d`, `\w`, `\b` | the `ASCII` flag | Java's are ASCII only |
| `(?<name>…)` | `(?P<name>…)` | other spelling |
| `\z`, `\Z` | `\Z` | Python has one spelling |
| `\h` | `[ \t]` | not known to Python |
| `\p{Alpha}`, `\p{C}`, … | a class of characters made from `unicodedata` or the POSIX table | not known |
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0B\f\r",
}
# The model's ARNs of credential providers name a service that AWS's documents and answers do not have.
_CORRECTED = (
    (":acps:", ":(acps|bedrock-agentcore):"),
    # Tags of an OAuth 2.0 provider are read and written by its ARN, whose `oauth2credentialprovider` the model's
    # pattern does not take (hashicorp/terraform-provider-aws#46590: its tests ran against AWS). No document says that
    # one with `acps` is taken there.
    (
        ":bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*",
        ":bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z0-9-]+/[^/]+)*",
    ),
)
_PROPERTY = re.compile(r"\{\^?(?:Is)?([A-Za-z]+)\}")


@functools.cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a model's pattern; match it with `fullmatch`.

    Args:
        pattern: As it stands in botocore's model.

    Raises:
        ValueError: If it holds a construct that has no translation.
    """
    corrected = pattern
    for wrong, right in _CORRECTED:
        corrected = corrected.replace(wrong, right)
    try:
        return re.compile(_translate(corrected), re.ASCII)
    except re.error as error:
        raise ValueError(f"no translation for the pattern {pattern!r}: {error}") from error


def _translate(pattern: str) -> str:
    out: list[str] = []
    in_class = False
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            text, index = _escape(pattern, index, in_class)
            out.append(text)
            continue
        if in_class and pattern.startswith(("&&", "["), index):
            raise ValueError(f"no translation for a class within a class: {pattern!r}")
        if char == "[":
            in_class = True
            # A bracket, or a caret and a bracket, that opens the class is a plain character in it.
            head = re.match(r"\[\^?\]?", pattern[index:])
            text = head.group() if head else "["
            out.append(text)
            index += len(text)
            continue
        if char == "]":
            in_class = False
        if pattern.startswith("(?<", index) and pattern[index + 3 : index + 4] not in ("=", "!"):
            out.append("(?P<")
            index += 3
            continue
        out.append(char)
        index += 1
    return "".join(out)


def _escape(pattern: str, index: int, in_class: bool) -> tuple[str, int]:
    """Translate the escape at `index`; return its Python text and the index behind it."""
    letter = pattern[index + 1 : index + 2]
    if letter in ("p", "P"):
        found = _PROPERTY.match(pattern, index + 2)
        name = found.group(1) if found else pattern[index + 2]
        members = _class_of(name)
        end = found.end() if found else index + 3
        if in_class:
            if letter == "P":
                raise ValueError(f"no translation for \\P within a class: {pattern!r}")
            return members, end
        return f"[{'^' if letter == 'P' else ''}{members}]", end
    if letter in ("z", "Z") and not in_class:
        return r"\Z", index + 2
    if letter == "h":
        return (r" \t" if in_class else r"[ \t]"), index + 2
    return pattern[index : index + 2], index + 2


@functools.cache
def _class_of(name: str) -> str:
    """Return the inside of a character class for a POSIX name or a Unicode general category."""
    if name in _POSIX:
        return _POSIX[name]
    ranges: list[str] = []
    start: int | None = None
    for point in range(sys.maxunicode + 2):
        inside = point <= sys.maxunicode and unicodedata.category(chr(point)).startswith(name)
        if inside and start is None:
            start = point
        elif not inside and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{point - 1:08x}")
            start = None
    if not ranges:
        raise ValueError(f"no Unicode category is called {name!r}")
    return "".join(ranges)
