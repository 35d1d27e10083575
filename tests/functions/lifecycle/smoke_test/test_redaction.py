"""No cut of a token or password is shown."""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap
from collections.abc import Callable
from pathlib import Path
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


# Each takes a token (letters, digits, dots, hyphens, underscores) and a source of chance.
CUTS: dict[str, Callable[[str, random.Random], str]] = {
    "wrapped at any width": lambda text, chance: "\n".join(
        textwrap.wrap(text, chance.randint(4, 99), break_on_hyphens=False)
    ),
    "split by anything": lambda text, chance: "".join(
        one + chance.choice(["", " ", "\u200b", "\r\n", "-", "、", "\0", "|"]) for one in text
    ),
    "events of a stream": lambda text, chance: "".join(
        f"data: {json.dumps({'chunk': one})}\n\n" for one in split(text, chance, 6, 20)
    ),
    "pieces in another order": lambda text, chance: " then ".join(
        sorted(split(text, chance, 7, 15))
    ),
    "a list of pieces": lambda text, chance: json.dumps(split(text, chance, 5, 12), indent=1),
    "percent": lambda text, _: "".join(f"%{ord(one):02x}" for one in text),
    "percent, twice": lambda text, _: "".join(f"%25{ord(one):02X}" for one in text),
    "JSON escapes": lambda text, _: "".join(f"\\u{ord(one):04x}" for one in text),
    "some JSON escapes": lambda text, chance: "".join(
        f"\\u{ord(one):04x}" if chance.random() < 0.3 else one for one in text
    ),
    "Python escapes": lambda text, _: "".join(f"\\x{ord(one):02x}" for one in text),
    "HTML": lambda text, _: "".join(f"&#{ord(one)};" for one in text),
    "HTML, hexadecimal": lambda text, _: "".join(f"&#x{ord(one):x};" for one in text),
    "full-width": lambda text, _: "".join(
        chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in text
    ),
    "accents": lambda text, _: "".join(f"{one}\u0301" for one in text),
    "any case": lambda text, chance: "".join(
        one.upper() if chance.random() < 0.5 else one.lower() for one in text
    ),
    "backwards": lambda text, _: text[::-1],
    "hexadecimal": lambda text, chance: text.encode().hex(chance.choice(" :-")).swapcase(),
    "octal": lambda text, _: "".join(f"\\{ord(one):o}" for one in text),
    "decimal": lambda text, _: str([*text.encode()]),
    "quoted-printable": lambda text, _: "".join(f"={ord(one):02X}" for one in text),
    "Base64 of a header": lambda text, chance: base64.b64encode(
        f"{'x' * chance.randint(0, 5)} Bearer {text}".encode()
    ).decode(),
    "Base64 of Base64": lambda text, chance: base64.urlsafe_b64encode(
        base64.b64encode(f"{'x' * chance.randint(0, 5)}{text}".encode())
    ).decode(),
    "Base32": lambda text, chance: base64.b32encode(
        f"{'x' * chance.randint(0, 5)}{text}".encode()
    ).decode(),
    "a fragment": lambda text, chance: fragment(text, chance, 24),
    "a fragment among others": lambda text, chance: (
        f"it begins {fragment(text, chance, 24)} and so on"
    ),
    "a fragment in Base64": lambda text, chance: base64.b64encode(
        fragment(text, chance, 40).encode()
    ).decode(),
}
LETTERS = string.ascii_letters + string.digits


def split(text: str, chance: random.Random, least: int, most: int) -> list[str]:
    """A text in pieces, each of a length by chance."""
    pieces = []
    while text:
        length = chance.randint(least, most)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


def fragment(text: str, chance: random.Random, length: int) -> str:
    """A part of a text."""
    start = chance.randint(0, len(text) - length)
    return text[start : start + length]


def made_up_token(chance: random.Random) -> str:
    return ".".join(
        "".join(chance.choices(LETTERS + "-_", k=chance.randint(*length)))
        for length in ((20, 40), (80, 300), (86, 342))
    )


@pytest.mark.parametrize("name", CUTS)
def test_no_cut_of_any_token_is_shown(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - a test's own
    for _ in range(20):
        token = made_up_token(chance)
        cut = CUTS[name](token, chance)
        assert Redaction([token])(f"The answer: {cut}.") in (WITHHELD, "The answer: (hidden).")


def test_what_has_nothing_of_a_token_is_shown() -> None:
    chance = random.Random(5)  # noqa: S311 - a test's own
    words = Path(__file__).read_text(encoding="utf-8").split()
    for _ in range(60):
        redaction = Redaction([made_up_token(chance), "".join(chance.choices(LETTERS, k=32))])
        text = " ".join(chance.choices(words, k=400))[:4000]
        assert redaction(text) == text
        other = made_up_token(chance)
        assert redaction(other) == other


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
