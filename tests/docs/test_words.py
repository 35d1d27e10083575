"""The pages for users keep to the terms of the field, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ENGLISH, JAPANESE, text_of

INSTEAD = {
    r"[Ee]mbedded AWS": "local AWS emulator, then local AWS",
    r"\b[Mm]end(s|ed|ing)?\b": "fix",
    r"\b[Ww]ish(es)?\b": "request, input",
    r"\bis red\b|\bred execution\b": "failed",
    r"\b[Ss]tart(s|ed)? again\b": "retry",
    r"\b[Rr]ooms?\b": "folder, package, page",
    r"\ba key a pool\b|\ba file a\b": "one … per …",
    r"\btrades?\b": "what it can do",
    r"\b[Oo]nce more\b": "retry, next",
    r"\b[Vv]ouch(es|ed)?\b": "pins, records",
    r"\b[Ww]hich door\b|\b(two|each|the) doors?\b": "the gateway or the runtime",
    r"\bone a line\b|\bobject a line\b": "one … per line",
    r"どの入口|2 つの入口": "ゲートウェイとランタイムのどちら",
    r"組み込みの? ?AWS": "ローカル AWS エミュレーター、ローカル AWS",
    r"取り残": "消し忘れ",
    r"に当たること": "公開される",
    r"エンドポイントの移動": "エンドポイントの切り替え",
    r"元に戻したもの": "手動変更（ドリフト）を検出し修復した項目",
}
"""What is not on a page (a regular expression), and what says it instead."""


@pytest.mark.parametrize("page", [*ENGLISH, *JAPANESE, "CHANGELOG.md"])
def test_plain_words(page: str) -> None:
    # What a table takes from the models is checked where the models are.
    lines = re.sub(r"<!-- (\w+)\b.*?<!-- /\1 -->", "", text_of(page), flags=re.DOTALL).splitlines()
    found = {
        f"{line}: {instead}"
        for line in lines
        for words, instead in INSTEAD.items()
        if re.search(words, line)
    }
    assert found == set()
