"""JSONata as Step Functions evaluates it, by jsonata-python."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import uuid
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

_HASHES = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


_KEPT, _KEPT_LENGTH = 512, 10_000
"""How many expressions stay parsed, and how long one may be, in characters."""
_SIGNATURE = re.compile(r"\)\s*<")


class JsonataError(Exception):
    """An expression cannot be parsed, or fails when it is evaluated."""


def evaluate(expression: str, variables: dict[str, Any]) -> Any:
    """Evaluate an expression.

    Args:
        expression: JSONata.
        variables: Values by name, without the `$`. A list with one element stays a list.

    Returns:
        The value as plain JSON; `None` for null and for undefined.

    Raises:
        JsonataError: With the message of the fault.
    """
    bound = {name: Utils.NULL_VALUE if v is None else v for name, v in variables.items()}
    try:
        compiled = _compiled(expression)
        # Functions that Step Functions adds (developer guide, "JSONata functions provided by
        # Step Functions") and that JSONata itself cannot express.
        compiled.register_lambda("uuid", lambda: str(uuid.uuid4()))
        compiled.register_lambda("hash", _hash)
        compiled.register_lambda("parse", _parse)
        return compiled.evaluate(None, bound)
    except JException as error:
        raise JsonataError(str(error)) from error
    except RecursionError as error:
        raise JsonataError("the expression nests too deep") from error


def _compiled(expression: str) -> Jsonata:
    """Return an expression that is ready for one evaluation, in this thread.

    An evaluation only reads the syntax tree, so the engine has threads share it. The one thing that it writes there is
    the name of a function with a signature; such an expression is parsed each time.
    """
    if len(expression) > _KEPT_LENGTH or _SIGNATURE.search(expression):
        return Jsonata(expression)
    compiled = copy.copy(_parsed(expression))
    # What `Jsonata.__init__` makes for one thread and one evaluation.
    compiled.parser = Jsonata.get_parser()
    compiled.environment = compiled.create_frame(Jsonata.static_frame)
    Jsonata.CURRENT.jsonata = compiled
    return compiled


@lru_cache(maxsize=_KEPT)
def _parsed(expression: str) -> Jsonata:
    return Jsonata(expression)


def _parse(text: str) -> Any:
    """`$parse(text)`: JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise JException("D3120", -1, text) from error


def _hash(value: Any, algorithm: str) -> str:
    """`$hash(value, algorithm)`: lower case hex."""
    if algorithm not in _HASHES:
        raise JException("D3001", -1, algorithm)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(_HASHES[algorithm], text.encode()).hexdigest()
