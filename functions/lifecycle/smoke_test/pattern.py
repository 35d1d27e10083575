"""Match `smokeTest.expect` with an answer, in a limited time and with limited memory.

Neither can be limited inside a process: a match of Python's `re` holds the interpreter until it ends. So the match
runs in a process of its own, which can be ended. That keeps Python's syntax exactly, and measures real time. (The
package `regex` has a time-out, too, but another syntax, such as `{e}` for errors; `google-re2` has neither
backreferences nor lookarounds.)
"""

from __future__ import annotations

import json
import subprocess
import sys

_FOUND, _NOT_FOUND, _TOO_LARGE = 10, 11, 12
_MEMORY = 256 * 1024 * 1024
_PROGRAM = f"""
import json, re, sys
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY}, {_MEMORY}))
try:
    pattern, text = json.load(sys.stdin)
    found = re.search(pattern, text)
except MemoryError:
    sys.exit({_TOO_LARGE})
sys.exit({_NOT_FOUND} if found is None else {_FOUND})
"""


def matches(pattern: str, text: str, seconds: float) -> bool:
    """Whether a pattern matches somewhere in a text.

    Args:
        pattern: A Python regular expression that compiles.
        text: The text.
        seconds: How long the match may take.

    Returns:
        Whether it matches.

    Raises:
        TimeoutError: The match took too long.
        MemoryError: The match needs more than 256 MB.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", _PROGRAM],
            input=json.dumps([pattern, text]).encode("ascii"),
            capture_output=True,
            timeout=max(seconds, 0.0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode == _TOO_LARGE:
        raise MemoryError
    if done.returncode not in (_FOUND, _NOT_FOUND):
        # A bug; the message of an error in `re` repeats the pattern at most, never the answer.
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(f"the match ended with status {done.returncode}: {last[:200]}")
    return done.returncode == _FOUND
