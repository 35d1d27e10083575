"""Writes the tables of docs/cost.md, and of its Japanese twin, from recorded runs and from the list of prices.

`python docs/cost_table.py` writes them. With `--check` it changes nothing and exits with status 1 if one is stale. With
`--record NAME REPORT` it only takes what a run used from a report that `lifecycle report --json` made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.cost.estimate import dollars
from cli.cost.prices import DATE, PRICES, REGION

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "cost_recorded.json"
"""What each run used, by its name."""
PAGES = {FOLDER / "cost.md": 0, FOLDER / "ja/cost.md": 1}
"""Each page, and its place in the texts below."""
QUANTITIES = ("transitions", "requests", "lambda", "build")

_RUNS = {
    "build": (
        "provision of changed code, with a build",
        "変更したコードの provision（ビルドあり）",
    ),
    "provision": (
        "provision of a new environment, nothing to build",
        "新しい環境の provision（ビルドなし）",
    ),
    "rebuild": ("provision again, nothing changed", "再度の provision（変更なし）"),
    "verify": ("smoke test of `live`", "`live` のスモークテスト"),
}
_HEADS = (
    ("run", "state transitions", "requests", "GB-seconds", "build minutes", "USD", "USD for 1,000"),
    ("実行", "状態遷移", "リクエスト", "GB 秒", "ビルド（分）", "USD", "1,000 回の USD"),
)
_IDLE_HEADS = (
    ("what an idle environment keeps", "USD a month"),
    ("使っていない環境が持つもの", "1 か月の USD"),
)
_IDLE = {
    "secrets": (
        "the secret of the caller (`auth.type` `cognito`)",
        "呼び出し元のシークレット（`auth.type` が `cognito`）",
    ),
    "images": (
        "the image, for each GB; environments share it",
        "イメージ（1 GB につき。環境の間で共有）",
    ),
}
_PRICED = (
    f"Prices of {DATE} in {REGION}, from `cli/cost/prices.json`.",
    f"単価は {DATE} の {REGION} のもので、`cli/cost/prices.json` にあります。",
)


def usd(used: Mapping[str, float]) -> float:
    """Return what some quantities cost, in US dollars."""
    return sum(PRICES[name].usd * quantity for name, quantity in used.items())


def tables(language: int) -> dict[str, str]:
    """Return each part of the page by its name, in Markdown.

    Args:
        language: 0 for English, 1 for Japanese.
    """
    runs: dict[str, dict[str, float]] = json.loads(RECORDED.read_text("utf-8"))
    rows = [
        [
            _RUNS[name][language],
            *(f"{runs[name][quantity]:g}" for quantity in QUANTITIES),
            dollars(usd(runs[name])),
            dollars(usd(runs[name]) * 1000),
        ]
        for name in _RUNS
    ]
    idle = [[_IDLE[name][language], dollars(PRICES[name].usd)] for name in _IDLE]
    return {
        "runs": f"{_table(_HEADS[language], rows)}\n{_PRICED[language]}\n",
        "idle": _table(_IDLE_HEADS[language], idle),
    }


def renewed(text: str, language: int) -> str:
    """Return a page with its tables made anew.

    Raises:
        ValueError: The page has not each pair of markers once.
    """
    for name, table in tables(language).items():
        before, rest = text.split(f"<!-- cost {name}: made by docs/cost_table.py -->\n")
        _, after = rest.split(f"<!-- /cost {name} -->")
        begin = f"<!-- cost {name}: made by docs/cost_table.py -->\n"
        text = f"{before}{begin}{table}<!-- /cost {name} -->{after}"
    return text


def record(name: str, report: Mapping[str, Any]) -> None:
    """Keep what a run used.

    Args:
        name: One of the runs of the table.
        report: What `lifecycle report --json` printed.

    Raises:
        ValueError: There is no such run.
    """
    if name not in _RUNS:
        raise ValueError(f"{name}: allowed: {', '.join(_RUNS)}")
    lines = {line["name"]: line["quantity"] for line in report["cost"]["lines"]}
    known = json.loads(RECORDED.read_text("utf-8")) if RECORDED.exists() else {}
    known[name] = {quantity: lines.get(quantity, 0) for quantity in QUANTITIES}
    RECORDED.write_text(f"{json.dumps(known, indent=2)}\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Record, write the tables, or check them; returns the exit status."""
    if arguments[:1] == ["--record"]:
        name, file = arguments[1:]
        record(name, json.loads(Path(file).read_text("utf-8")))
        return 0
    stale = []
    for page, language in PAGES.items():
        text = page.read_text(encoding="utf-8")
        fresh = renewed(text, language)
        if fresh == text:
            continue
        if "--check" in arguments:
            stale.append(page.name)
        else:
            page.write_text(fresh, encoding="utf-8")
    if stale:
        sys.stderr.write("docs/cost.md: a table is stale; run python docs/cost_table.py\n")
    return 1 if stale else 0


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        f"| {' | '.join(line)} |\n" if line[0] != "---" else f"|{'|'.join(line)}|\n"
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
