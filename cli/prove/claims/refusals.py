"""Claim: who has no good token is refused. The program calls the endpoint `live` itself, without the product's help."""

from __future__ import annotations

import json
from typing import Any

from cli.prove.claims import container
from cli.prove.claims.claim import Claim
from cli.prove.proof import Proof

_REFUSED = (401, 403)
_PROMPT = "今の天気はどうですか？"


def prove(proof: Proof) -> None:
    """Call with each wrong token, without a token, with SigV4, and with a good token."""
    output = proof.results.get(container.ENVIRONMENT) or {}
    runtime, auth = output.get("runtime"), output.get("auth")
    if not runtime or not auth:
        proof.expect(False, "there is a runtime to call: the claim `container` has made none")
        return
    tokens = sign_in(proof, auth)
    good = tokens["AccessToken"]
    # The first letter of the signature: the last one can have bits that do not count.
    head, _, signature = good.rpartition(".")
    altered = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    wrong = {
        "no Authorization header": None,
        "a garbage token": "Bearer this-is-no-token",
        "an altered token": f"Bearer {altered}",
        "an ID token": f"Bearer {tokens['IdToken']}",
    }
    url = runtime["invocationUrl"]
    for what, authorization in wrong.items():
        answer = proof.invoke(what, url, authorization, _PROMPT)
        proof.expect(answer.status_code in _REFUSED, f"{what} is refused, not {answer.status_code}")
    signed = proof.call(
        "SigV4",
        "bedrock-agentcore",
        "invoke_agent_runtime",
        agentRuntimeArn=runtime["arn"],
        qualifier=runtime["endpoint"],
        contentType="application/json",
        payload=json.dumps({"prompt": _PROMPT}).encode(),
    )
    proof.expect("Error" in signed, "SigV4 is refused")
    answer = proof.invoke("a good token", url, f"Bearer {good}", _PROMPT)
    proof.expect(answer.is_success, f"a good token is answered, not {answer.status_code}")


def sign_in(proof: Proof, auth: dict[str, Any]) -> dict[str, str]:
    """Sign in as the smoke test's user. What is read is named to the redactor, and is not recorded."""
    secret = proof.place.client("secretsmanager").get_secret_value(SecretId=auth["secretArn"])
    user = json.loads(secret["SecretString"])
    proof.redactor.secret(user["password"])
    answer = proof.place.client("cognito-idp").admin_initiate_auth(
        UserPoolId=auth["userPoolId"],
        ClientId=auth["clientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
    )["AuthenticationResult"]
    tokens = {name: str(answer[name]) for name in ("AccessToken", "IdToken")}
    for token in tokens.values():
        proof.redactor.secret(token)
    return tokens


CLAIM = Claim(
    "refusals",
    "A call without a good access token is refused, and a call with one is answered.",
    prove,
)
