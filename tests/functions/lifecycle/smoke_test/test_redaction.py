"""No cut of a token or password is shown."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.redaction import WITHHELD, Redaction
from tests.functions.lifecycle.smoke_test.fake_runtime import reply
from tests.functions.lifecycle.smoke_test.smoke_environment import jwt_identity, run

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzbW9rZS10ZXN0IiwiZXhwIjoxfQ.c2lnbmF0dXJl-WxZ_9kQm3Tr7Vb2"
SPLIT: dict[str, Callable[[str], str]] = {
    "wrapped": lambda text: "\n".join(textwrap.wrap(f"Bearer {text}", 30)),
    "wrapped in JSON": lambda text: json.dumps({"it": "\n".join(textwrap.wrap(text, 20))}),
    "spaced": " ".join,
    "swapped case": str.swapcase,
    "Base64": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    "Base64, wrapped": lambda text: base64.encodebytes(f"x{text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(" "),
    "a part": lambda text: f"it ends with {text[-24:]}",
}


@pytest.mark.parametrize("form", SPLIT.values(), ids=SPLIT)
def test_a_token_in_another_form_is_withheld(form: Callable[[str], str]) -> None:
    assert Redaction([TOKEN])(form(TOKEN)) == WITHHELD


def test_other_texts_are_shown() -> None:
    redaction = Redaction([TOKEN, "Pass-Word-123!", "abc"])
    assert redaction(f"Bearer {TOKEN}") == "Bearer (hidden)"
    assert redaction("東京は晴れです。27 degrees.") == "東京は晴れです。27 degrees."
    assert redaction("pass word 123") == WITHHELD


@pytest.mark.parametrize("form", ["wrapped", "Base64, wrapped"])
def test_an_agent_that_repeats_its_token_shows_nothing_of_it(password: Any, form: str) -> None:
    smoke = password
    smoke.runtime.agent = lambda payload, headers: (
        200,
        {"content-type": "text/plain"},
        SPLIT[form](headers["authorization"]).encode(),
    )
    assert run(smoke).answer == WITHHELD
    with pytest.raises(SmokeTestError, match=r"the answer is: \(withheld"):
        run(smoke, smokeTest={"expect": "雪"})


def test_a_token_endpoint_that_repeats_the_secret_shows_its_status(smoke: Any) -> None:
    answer = reply(400, {"error": "invalid_client robot:client-secret"})
    smoke.provider.script = [
        reply(
            200,
            {
                "issuer": "https://idp.example.com",
                "token_endpoint": "https://idp.example.com/token",
            },
        ),
        answer,
    ]
    secret = {"clientId": "robot", "clientSecret": "client-secret"}
    smoke.deploy(jwt_identity(smoke, secret))
    with pytest.raises(SmokeTestError, match="seen 400 Bad Request;") as caught:
        run(smoke)
    assert "client-secret" not in str(caught.value)
