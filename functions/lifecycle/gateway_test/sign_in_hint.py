"""The check that a call without a token is told how to sign in, by a document that is this gateway's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from lifecycle.clients import Clients
from lifecycle.gateway_test import measured
from lifecycle.gateway_test.challenge import bearer_parameters
from lifecycle.gateway_test.metadata import MetadataError, check_document, check_place
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.callers.plain import Call, send
from lifecycle.smoke_test.gate import Check
from lifecycle.smoke_test.invocation import Answer, Message, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.redaction import Redaction

NAME = "A call without a token is told how to sign in"
EXPECTED = "401 with WWW-Authenticate: Bearer and a resource_metadata of this gateway that names its provider"
_ONE_TRY = 15.0
# A document that is not there yet comes in moments, or not at all.
_MOST_TRIES = 6
_SHOWN = 300
_FIX = "check the gateway's authorizer (somebody may have changed it), and provision again, which repairs it"


@dataclass(frozen=True)
class SignInHint:
    """What the check needs.

    Attributes:
        clients: For plain HTTPS.
        target: The way through the gateway.
        gateway_url: The gateway's address as `GetGateway` gives it.
        message: What is sent without a token.
        discovery_url: The discovery URL of the provider whose tokens the gateway takes.
        patience: The time limit of the whole test.
        secrets: Texts that must not appear in any output.
    """

    clients: Clients
    target: Target
    gateway_url: str
    message: Message
    discovery_url: str
    patience: Patience
    secrets: Iterable[str] = ()

    def check(self, checks: list[Check]) -> None:
        """Call without a token, and read the document that the refusal names; adds the result to the checks.

        Raises:
            SmokeTestError: The refusal has no such header, or the document is not this gateway's.
        """
        measured.check(checks, NAME, EXPECTED, self._look)

    def _look(self) -> tuple[str, str]:
        try:
            self._check()
        except MetadataError as error:
            return self._line(str(error)), f"; {_FIX}"
        return "401 and the document", ""

    def _check(self) -> None:
        answer = self._decided(self._call)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            raise MetadataError(f"{answer} without a token")
        parameters = bearer_parameters(answer.challenge)
        if parameters is None:
            raise MetadataError("401 without WWW-Authenticate: Bearer")
        url = parameters.get("resource_metadata")
        if not url:
            raise MetadataError("401 with WWW-Authenticate: Bearer, without resource_metadata")
        check_place(url, self.gateway_url)
        document = self._decided(partial(self._read, url))
        check_document(document, self.gateway_url, self.discovery_url)

    def _decided(self, call: Callable[[], Answer]) -> Answer:
        tries = 0
        while True:
            tries += 1
            answer = call()
            if not _is_undecided(answer) or tries >= _MOST_TRIES:
                return answer
            if not self.patience.wait(tries):
                return answer

    def _call(self) -> Answer:
        seconds = self.patience.for_one_try(_ONE_TRY)
        return BearerCaller(self.clients, None).invoke(self.target, self.message, seconds)

    def _read(self, url: str) -> Answer:
        # A small compressed body could become a huge one.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        return send(self.clients, Call("GET", url, headers), self.patience.for_one_try(_ONE_TRY))

    def _line(self, text: str) -> str:
        line = " ".join(Redaction(self.secrets)(text[: 10 * _SHOWN]).split())
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _is_undecided(answer: Answer) -> bool:
    return (
        answer.status is None
        or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
    )
