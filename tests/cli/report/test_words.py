"""The page of a report in both languages: the same keys, nothing left in the other language, nothing that is stale."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.cost.estimate import estimate
from cli.environments.words import facts
from cli.report import html as page_of
from cli.report.html import html
from cli.report.words.said import said, words
from cli.texts import LANGUAGES
from tests.cli.report.example import example

REPORT = Path(page_of.__file__).parent
CLI = REPORT.parent
SAID: dict[str, str] = tomllib.loads((REPORT / "words" / "said.toml").read_text("utf-8"))["ja"]
TEMPLATE = (REPORT / "page" / "report.html.j2").read_text("utf-8")
_FIELD = re.compile(r"\{\w+\}")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_values() -> None:
    english, japanese = words("en").by_key, words("ja").by_key
    # In English, a fact has the name that it has in the JSON object.
    facts_of = {key for key in japanese if key.startswith("fact.")}
    assert english.keys() == japanese.keys() - facts_of
    for key, text in english.items():
        assert fields(text) == fields(japanese[key]), key
    for text, japanese_text in SAID.items():
        assert fields(text) == fields(japanese_text), text


def test_the_template_has_no_text_of_its_own() -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", TEMPLATE, flags=re.S)
    assert re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", "", text)) == []
    used = set(re.findall(r"""\bt\("([\w.]+)"\s*[,)]""", TEMPLATE))
    assert len(used) > 40
    assert used <= words("en").by_key.keys()


def test_every_sentence_that_is_translated_is_still_said() -> None:
    """Each piece of a sentence between its values stands somewhere in the code or in the list of prices."""
    files = [*CLI.rglob("*.py"), CLI / "cost" / "prices.json"]
    # An adjacent literal goes on with the one before.
    sources = re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text("utf-8") for file in files))
    for text in SAID:
        for piece in _FIELD.split(text):
            for part in re.split(
                r"(?:Not counted: )|(?<=too)\.|, named by the input|(?<=read|size) (?=times)", piece
            ):
                assert part.strip(" .,()") in sources, f"{text}: {part}"


def test_every_fact_is_said_in_japanese() -> None:
    nothing: dict[str, Any] = {
        "environment": "shop",
        "state": "READY",
        "runtime": None,
        "smokeTest": None,
        "gateway": None,
        "credentials": [],
        "canary": None,
        "identity": None,
        "artifact": None,
        "lock": None,
        "expiresAt": None,
        "createdAt": None,
        "promotions": [],
    }
    runtime = {"liveVersion": "1", "version": "2", "arn": "a", "name": "n", "invocationUrl": "u"}
    identity = dict.fromkeys(
        (
            *("userPoolId", "clientId", "scope", "discoveryUrl"),
            *("allowedClients", "allowedAudience", "allowedScopes", "secretArn"),
        ),
        "x",
    )
    kinds = (("cognito", "password"), ("cognito", "clientCredentials"), ("jwt", None))
    artifact = {"type": "code", "given": False, "digest": None, "key": "k", "bucket": "b"}
    lock = {"execution": "arn:x:e", "acquiredAt": "2026-11-27T02:00:00Z"}
    full = {
        "runtime": runtime,
        "smokeTest": {"version": "2", "passed": False},
        "gateway": {"id": "g-1", "endpoint": "https://g", "proven": True, "only": True},
        "credentials": [{"name": "weather", "type": "apiKey", "provider": "p"}],
        "canary": {"version": "2", "weight": 5},
        "lock": lock,
        "expiresAt": "2026-11-27T09:00:00Z",
        "createdAt": "2026-11-27T01:00:00Z",
        "promotions": [{"version": "1", "promotedAt": "2026-11-27T01:00:00Z"}],
    }
    views: list[dict[str, Any]] = [
        nothing,
        *({"identity": {**identity, "type": kind, "flow": flow}} for kind, flow in kinds),
        {**full, "artifact": {**artifact, "versionId": "v"}},
        {
            "runtime": {**runtime, "liveVersion": None, "version": None},
            "smokeTest": {"version": "2", "passed": True},
            "gateway": {"id": None, "endpoint": None, "proven": False, "only": False},
            "identity": {**identity, "type": "iam", "flow": None},
            "artifact": {**artifact, "type": "container", "given": True, "digest": "d"},
        },
        {"gateway": {"id": "g-1", "endpoint": "https://g", "proven": False, "only": False}},
    ]
    seen: set[str] = set()
    for view in views:
        for name, value in facts(nothing | view, 1_795_000_000.0):
            assert f"fact.{name}" in words("ja").by_key
            shown = words("ja").known(f"state.{value}", said(value, "ja"))
            seen.add(name)
            left = re.findall(r"[a-z]{3,} [a-z]{2,}", shown)
            assert left == [], f"{name}: {shown}"
    assert {f"fact.{name}" for name in seen} == {
        key for key in words("ja").by_key if key.startswith("fact.")
    }


@pytest.mark.parametrize("fleet", [False, True])
def test_the_japanese_page_is_in_japanese(*, fleet: bool) -> None:
    cost = estimate({"transitions": 40, "build": 3}, "The execution ran no function.")
    now = {
        "exists": True,
        "note": None,
        "facts": {"state": "READY", "live": "version 1, since 2026-11-27 02:45 UTC"},
    }
    asked = {"environment": "shop", "smokeTest.cases": "3 (not shown)", "…": "4 more fields"}
    changes = {"cost": cost, "asked": asked} | ({} if fleet else {"now": now})
    text = html(example(fleet=fleet, **changes), "ja")
    assert '<html lang="ja">' in text
    for said_ in (
        "フリートの検証：失敗" if fleet else "shop のプロビジョニング：失敗",
        "失敗の原因",
        "環境を確認する：",
        "状態遷移",
        "この実行では関数が動いていません。",
        "3 件（非表示）",
        "ほかに 4 個のフィールド",
        "スタック mine（us-east-1）",
        "2.0 秒後に開始、所要時間 1 分 10 秒、待機 1 回、計 1 分 6 秒、再試行 1 回",
        *(
            ["全 1203 件：成功 1202 件、失敗 1 件。"]
            if fleet
            else [
                "準備完了",
                "バージョン 1（2026-11-27 02:45 UTC から）",
                "2 件中 1 件のチェックに合格",
            ]
        ),
    ):
        assert said_ in text
    for key, english in words("en").by_key.items():
        if " " in english.strip(" .,") and not fields(english):
            assert english not in text, key


def test_what_is_not_known_stays_as_it_is() -> None:
    assert said("arn:aws:x", "ja") == "arn:aws:x"
    assert said(3, "ja") == 3
    assert [said("To follow it", language) for language in LANGUAGES] == [
        "To follow it",
        "進行を確認する",
    ]
