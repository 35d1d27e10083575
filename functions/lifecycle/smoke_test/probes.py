"""The calls that a runtime must refuse and the one that it must answer, for each way to sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.callers.signed import SignedCaller
from lifecycle.smoke_test.callers.sigv4 import SigV4Caller
from lifecycle.smoke_test.conversations.conversation import Opening, Protocol
from lifecycle.smoke_test.invocation import Caller
from lifecycle.smoke_test.sign_in import SignedIn

REFUSED = "401 or 403"
_GARBAGE = SecretStr("garbage")


@dataclass(frozen=True)
class Probe:
    """One call of the smoke test.

    Attributes:
        name: What must happen, as a short sentence.
        caller: How it is called.
        answered: True for the one call that must be answered.
        direct: True for a call that would be answered if it came through the runtime's gateway, and does not.
        settles: True for a call that may be answered for some seconds after it began to be forbidden.
    """

    name: str
    caller: Caller
    answered: bool = False
    direct: bool = False
    settles: bool = False


def matrix(
    identity: IdentityRecord,
    signed_in: SignedIn,
    clients: Clients,
    signing: Callable[[Clients], Caller] = SigV4Caller,
    *,
    guarded: bool = True,
) -> list[Probe]:
    """The probes of an identity: first the calls that must be refused, then the call that must be answered.

    Args:
        identity: The identity section of the record.
        signed_in: The tokens from the sign-in.
        clients: AgentCore's data plane and plain HTTPS.
        signing: Makes the caller that signs; the one that calls a runtime if left out.
        guarded: Whether a runtime that is to answer only its gateway refuses direct calls already: for callers with
            IAM, an open one is closed after the promotion.

    Returns:
        The probes, in order.
    """
    if identity.type == "iam" and identity.only_gateway is not None:
        signing = SignedCaller
    return list(_probes(identity, signed_in, clients, signing(clients), guarded=guarded))


def good_caller(identity: IdentityRecord, signed_in: SignedIn, clients: Clients) -> Caller:
    """The caller that the runtime must answer, which may also stop the session."""
    if identity.type == "iam":
        # Only one of them can call a gateway.
        return SigV4Caller(clients) if identity.only_gateway is None else SignedCaller(clients)
    return BearerCaller(clients, signed_in.token)


def _probes(
    identity: IdentityRecord,
    signed_in: SignedIn,
    clients: Clients,
    signs: Caller,
    *,
    guarded: bool,
) -> Iterator[Probe]:
    if identity.type != "iam":
        yield Probe("SigV4 is refused", signs)
    yield Probe("A call without an Authorization header is refused", BearerCaller(clients, None))
    yield Probe("A garbage token is refused", BearerCaller(clients, _GARBAGE))
    if signed_in.token is not None:
        altered = SecretStr(alter(signed_in.token.get_secret_value()))
        yield Probe("An altered token is refused", BearerCaller(clients, altered))
    for name, token in signed_in.refused:
        yield Probe(name, BearerCaller(clients, token))
    if identity.type == "iam":
        if identity.only_gateway is not None and guarded:
            direct = SigV4Caller(clients)
            name = "SigV4 is refused without the gateway"
            yield Probe(name, direct, direct=True, settles=True)
        yield Probe("SigV4 is answered", signs, answered=True)
    else:
        good = BearerCaller(clients, signed_in.token)
        if identity.only_gateway is not None:
            yield Probe("A valid access token is refused without the gateway", good, direct=True)
        yield Probe("A valid access token is answered", good, answered=True)


def check_names(probes: Iterable[Probe], protocol: Protocol, prompt: str) -> list[str]:
    """What the checks are called that probes give which speak a protocol, in order."""
    openings = protocol.openings(prompt)
    return [
        name
        for probe in probes
        for name in (
            [probe.name] if probe.answered else [name_of(probe, opening) for opening in openings]
        )
    ]


def name_of(probe: Probe, opening: Opening) -> str:
    """What the check is called that a probe gives with one opening of a protocol."""
    return f"{probe.name} {opening.asks_for}".rstrip()


def alter(token: str) -> str:
    """Change one character in the middle of a token's signature.

    In the middle, every bit of a base64url character counts. In the last character, some bits are only padding.
    """
    head, dot, signature = token.rpartition(".")
    middle = len(signature) // 2
    other = "B" if signature[middle : middle + 1] == "A" else "A"
    return f"{head}{dot}{signature[:middle]}{other}{signature[middle + 1 :]}"
