"""Read the header WWW-Authenticate: where a caller without a token learns how to sign in.

Source: RFC 9110, section 11.6.1 (the header), RFC 6750, section 3 (`Bearer`), RFC 9728, section 5.1
(`resource_metadata`).
"""

from __future__ import annotations

import re

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A name with a value is a parameter of the scheme before it; a name alone is a scheme.
_PART = re.compile(rf'({_NAME})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_NAME})))?')
_ESCAPED = re.compile(r"\\(.)")


def bearer_parameters(header: str) -> dict[str, str] | None:
    """The parameters of a header's challenge for bearer tokens, their names in lower case.

    Args:
        header: The value of WWW-Authenticate; empty if there is none.

    Returns:
        None if no challenge is `Bearer`.
    """
    found: dict[str, str] | None = None
    is_bearer = False
    for part in _PART.finditer(header):
        name, quoted, plain = part.groups()
        if quoted is None and plain is None:
            is_bearer = name.lower() == "bearer"
            found = {} if is_bearer and found is None else found
        elif is_bearer and found is not None:
            value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            found.setdefault(name.lower(), value)
    return found
