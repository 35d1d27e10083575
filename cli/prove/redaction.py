"""Replaces account numbers, ids, tokens and the random parts of names by placeholders, so that a recording can be sent.

A placeholder is stable: the same id is the same placeholder in the whole recording, numbered by its first appearance.
So recordings of two accounts can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cli.errors import CommandError

SECRET = "<secret>"  # noqa: S105 - a placeholder
_SECRET_NAMES = frozenset(
    {
        "authorization",
        "cookie",
        "set-cookie",
        "x-amz-security-token",
        "secretstring",
        "secretbinary",
        "clientsecret",
        "client_secret",
        "password",
        "accesstoken",
        "idtoken",
        "refreshtoken",
        "access_token",
        "id_token",
        "refresh_token",
        "secretaccesskey",
        "sessiontoken",
    }
)
"""Members and headers whose value is never kept, in lower case."""

_TOKEN = re.compile(r"eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)*")
_BEARER = re.compile(r"(?i)\bbearer +(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*")
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}\b")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_POOL = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d_[A-Za-z0-9]{8,}\b")

_Replacement = str | Callable[[re.Match[str]], str]


class LeakError(CommandError):
    """A recording would show something that must not leave the account. It is not written."""


class Redactor:
    """Redacts the texts and values of one recording.

    Args:
        account: The account number.
        region: The Region.
        stack: The stack's name.
        endpoint_url: The endpoint, if it is not AWS's own.
    """

    def __init__(
        self, *, account: str, region: str, stack: str, endpoint_url: str | None = None
    ) -> None:
        self._account = account
        self._secrets: set[str] = set()
        self._numbers: dict[str, dict[str, int]] = {}
        self._rules = self._made(region, stack, endpoint_url)

    def _made(
        self, region: str, stack: str, endpoint_url: str | None
    ) -> list[tuple[re.Pattern[str], _Replacement]]:
        slug = stack.replace("-", "_")
        here = re.escape(endpoint_url.rstrip("/")) if endpoint_url else r"(?!)"
        principal = r"arn:aws:(?:iam|sts)::[^:\s]*:(?:user|role|assumed-role|federated-user)/"
        return [
            (_TOKEN, "<token>"),
            (_BEARER, "Bearer <token>"),
            (_ACCESS_KEY, "<access key>"),
            # Roles of the stack stay, because they say who was refused. All other names belong to people.
            (re.compile(rf"{principal}(?!{re.escape(stack)}-)[^\s\"',]+"), "<principal>"),
            (re.compile(here), "<endpoint>"),
            (re.compile(r"https://[\w.-]+\.(?:amazonaws|amazoncognito)\.com"), "<endpoint>"),
            (re.compile(r"\b(?:localhost|127\.0\.0\.1)(?::\d+)?"), "<host>"),
            (_POOL, self._numbered("user pool")),
            (
                # In a URL the name follows `%2F`, whose last letter is one of a word.
                re.compile(rf"(?:\b|(?<=%2F))({slug}_[a-z0-9_]+)-([A-Za-z0-9]{{10}})\b"),
                lambda found: f"{found[1]}-{self._placeholder('runtime', found[2])}",
            ),
            (re.compile(r"(:secret:[^\s\"',]+?)-[A-Za-z0-9]{6}(?![\w/-])"), r"\1-<random>"),
            (
                re.compile(rf"(?i)\b({re.escape(stack)}-[a-z]+)-(?=[a-z]*\d)[a-z0-9]{{10,16}}\b"),
                r"\1-<random>",
            ),
            (
                re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
                self._numbered("id"),
            ),
            (re.compile(r"\bprove-[0-9a-f]{12}\b"), self._numbered("execution")),
            (re.compile(r"\bRoot=1-[0-9a-f]{8}-[0-9a-f]{24}[^\s\"',]*"), "<trace>"),
            (
                re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{24}\b|\b[0-9a-f]{16}\b"),
                self._numbered("hash"),
            ),
            # The random part of the names of an artifact (docs/decisions/shared-artifacts.md).
            (re.compile(r"(<hash \d+>[/-])[0-9a-f]{12}\b"), r"\1<generation>"),
            (re.compile(r"\b(?=[a-z]*\d)[a-z0-9]{25,26}\b"), self._numbered("client")),
            (
                re.compile(
                    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|"
                    r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
                ),
                "<time>",
            ),
            (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "<email>"),
            (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"), "<address>"),
            (re.compile(re.escape(self._account) or r"(?!)"), "<account>"),
            (_ACCOUNT, "<account>"),
            (re.compile(rf"(?i){re.escape(stack)}|{slug}"), "<stack>"),
            (re.compile(re.escape(region)), "<region>"),
        ]

    def restart(self) -> None:
        """Number the placeholders from 1 again, for another recording. Named secrets stay."""
        self._numbers.clear()

    def secret(self, value: str) -> None:
        """Name a value that must never appear, whatever it looks like."""
        if value:
            self._secrets.add(value)

    def text(self, text: str) -> str:
        """Redact a text."""
        for secret in self._secrets:
            text = text.replace(secret, SECRET)
        for pattern, replacement in self._rules:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, name: str = "") -> Any:
        """Redact a JSON value; times become texts, and bytes are left out.

        Args:
            value: The value.
            name: The member's name, which decides for some: `SecretString` is never kept.
        """
        if name.lower() in _SECRET_NAMES and value is not None:
            return SECRET
        if isinstance(value, str):
            if name in ("versionId", "VersionId"):
                return self._placeholder("version", value)
            return self.text(value)
        if isinstance(value, datetime):
            return "<time>"
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, name) for item in value]
        return value

    def check(self, text: str) -> None:
        """Check a recording before it is written.

        Raises:
            LeakError: It has a token, an access key, an account number, a user pool's id or a named secret.
        """
        patterns = {
            "a token": _TOKEN,
            "an access key": _ACCESS_KEY,
            "an account number": _ACCOUNT,
            "a user pool id": _POOL,
        }
        found = [what for what, pattern in patterns.items() if pattern.search(text)]
        found += ["a secret"] * any(secret in text for secret in self._secrets)
        if found:
            raise LeakError(f"the recording would show {', '.join(found)}; it is not written")

    def _placeholder(self, kind: str, found: str) -> str:
        known = self._numbers.setdefault(kind, {})
        return f"<{kind} {known.setdefault(found, len(known) + 1)}>"

    def _numbered(self, kind: str) -> Callable[[re.Match[str]], str]:
        return lambda found: self._placeholder(kind, found[0])
