"""Claim: `live` moves to a new version that passes its smoke test, and never to one that fails."""

from __future__ import annotations

from typing import Any

from cli.prove.claims import client_credentials
from cli.prove.claims.checks import CONTROL, succeeded
from cli.prove.claims.claim import Claim
from cli.prove.claims.sources import uploaded
from cli.prove.proof import Proof

_REQUEST = {"environment": client_credentials.ENVIRONMENT, "auth": {"flow": "clientCredentials"}}


def prove(proof: Proof) -> None:
    """Change the source twice: one change passes, and the other does not."""
    before = _version(proof)
    passing = {
        **_REQUEST,
        "artifact": {"source": uploaded(proof, greeting="second answer to")},
        "smokeTest": {"expect": "second answer to"},
    }
    output = succeeded(proof, proof.execute("a changed source", passing), "updated")
    promoted = _version(proof)
    now = (output.get("runtime") or {}).get("version")
    proof.expect(promoted != before, "`live` moves")
    proof.expect(promoted == now, f"`live` serves the new version {now}, not {promoted}")
    failing = {
        **_REQUEST,
        "artifact": {"source": uploaded(proof, greeting="third answer to")},
        "smokeTest": {"expect": "snow in July"},
    }
    failed = proof.execute("a changed source that fails", failing)
    proof.expect(not failed.succeeded, "the execution fails")
    proof.expect(_version(proof) == promoted, "`live` stays on the version that passed")
    _record_endpoints(proof)
    again = succeeded(proof, proof.execute("the source that passed", passing_again(proof, passing)))
    proof.expect(again.get("change") in ("updated", "unchanged"), "the environment recovers")


def passing_again(proof: Proof, passing: dict[str, Any]) -> dict[str, Any]:
    """Upload the source that passed once more, and return the input with it."""
    return {**passing, "artifact": {"source": uploaded(proof, greeting="second answer to")}}


def _runtime_id(proof: Proof) -> str | None:
    made = proof.results.get(client_credentials.ENVIRONMENT) or {}
    return (made.get("runtime") or {}).get("id")


def _version(proof: Proof) -> str | None:
    """Return the version that `live` serves, without recording the call."""
    runtime_id = _runtime_id(proof)
    if runtime_id is None:
        return None
    endpoints = proof.place.client(CONTROL).list_agent_runtime_endpoints(agentRuntimeId=runtime_id)
    found = {one["name"]: one.get("liveVersion") for one in endpoints["runtimeEndpoints"]}
    return found.get("live")


def _record_endpoints(proof: Proof) -> None:
    runtime_id = _runtime_id(proof)
    if runtime_id is not None:
        proof.call(
            "endpoints after the failure",
            CONTROL,
            "list_agent_runtime_endpoints",
            agentRuntimeId=runtime_id,
        )


CLAIM = Claim(
    "promotion",
    "`live` moves to a new version that passes its smoke test, and never to one that fails.",
    prove,
)
