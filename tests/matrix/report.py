"""The figures of a run, and the table of docs/reliability.md."""

from __future__ import annotations

import os
import platform
from collections import Counter
from pathlib import Path

from tests.matrix.cell_run import ENDS, Ended
from tests.matrix.cells import CALL_KINDS, FUNCTION_KINDS, Cell

_DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    _DOCS / "reliability.md": (
        "scenario or kind",
        ("succeeded", "failed", "`not hit`", "not allowed"),
        "The last run covers {ran} of {planned} cells. It took {minutes:.0f} minutes in {lanes} lanes on {cpus} CPUs "
        "({machine}).",
    ),
    _DOCS / "ja" / "reliability.md": (
        "シナリオまたは種類",
        ("成功", "失敗", "`not hit`", "許されない終わり方"),
        "直近の実行では、全 {planned} 件のうち {ran} 件を確認しました。所要時間は {minutes:.0f} 分です"
        "（{lanes} 並列、{cpus} CPU、{machine}）。",
    ),
}
BEGIN, END = "<!-- matrix: made by make matrix -->", "<!-- /matrix -->"


def figures(ended: dict[Cell, Ended], minutes: float) -> str:
    """The figures as text: cells, ends by kind of fault, wall time, and each end that is not allowed."""
    lines = [f"cells {len(ended)}, wall time {minutes:.1f} min"]
    for kind in (*CALL_KINDS, *FUNCTION_KINDS):
        counted = Counter(end.end for cell, end in ended.items() if cell.kind == kind)
        lines.append(f"{kind}: " + ", ".join(f"{end} {counted[end]}" for end in ENDS))
    lines += [
        f"not allowed: {cell.id}: {end.why}"
        for cell, end in sorted(ended.items())
        if end.end == "not allowed"
    ]
    return "\n".join(lines)


def table(ended: dict[Cell, Ended], first: str, ends: tuple[str, ...]) -> str:
    """One row for each scenario and for each kind of fault, with the number of cells by end."""
    rows = [f"| {first} | {' | '.join(ends)} |", "|---|" + "---|" * len(ends)]
    groups = [(cell.scenario, cell) for cell in ended] + [(cell.kind, cell) for cell in ended]
    names = dict.fromkeys(
        [*sorted({cell.scenario for cell in ended}), *CALL_KINDS, *FUNCTION_KINDS]
    )
    for name in names:
        counted = Counter(ended[cell].end for group, cell in groups if group == name)
        if counted:
            rows.append(f"| `{name}` | {' | '.join(str(counted[end]) for end in ENDS)} |")
    whole = Counter(end.end for end in ended.values())
    rows.append(f"| {len(ended)} | {' | '.join(str(whole[end]) for end in ENDS)} |")
    return "\n".join(rows)


def write_pages(ended: dict[Cell, Ended], planned: int, minutes: float, lanes: int) -> None:
    """Write the table between the markers of each page, and how much of the plan it is.

    Args:
        ended: The cells that ran.
        planned: How many cells the scenarios have.
        minutes: The wall time.
        lanes: How many local AWSes ran at the same time.
    """
    facts = {
        "ran": len(ended),
        "planned": planned,
        "minutes": minutes,
        "lanes": lanes,
        "cpus": os.cpu_count(),
        "machine": f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}",
    }
    for page, (first, ends, sentence) in PAGES.items():
        before, _, rest = page.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
        _, _, after = rest.partition(END)
        made = f"{sentence.format(**facts)}\n\n{table(ended, first, ends)}"
        page.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")
