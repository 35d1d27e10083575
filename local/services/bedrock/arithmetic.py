"""Finds the arithmetic in a question, in Japanese or English, in digits or in words."""

from __future__ import annotations

import ast
import re
import unicodedata

_N = r"(\d+(?:\.\d+)?|\([^()]*\))"

# Digits that are no arithmetic: dates, times of day, telephone numbers, "24/7".
_NOISE = re.compile(
    r"(?<!\d)(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}:\d{2}|0\d{1,4}-\d{1,4}-\d{3,4}|24/7)(?!\d)"
)

# Before NFKC, which would turn 5² into 52.
_SIGNS = str.maketrans(
    {"×": "*", "✕": "*", "✖": "*", "⋅": "*", "÷": "/", "∕": "/", "−": "-", "–": "-"}
    | {"²": "^2", "³": "^3", "√": " sqrt "}
)

_PHRASES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),
        (rf"(?:sqrt|ルート|square root of)\s*{_N}", r" sqrt(\1) "),
        (rf"{_N}\s*の(?:平方根|ルート)", r" sqrt(\1) "),
        (rf"{_N}\s*の\s*{_N}\s*乗", r" \1 ** \2 "),
        (rf"{_N}\s*(?:raised )?to the power of\s*{_N}", r" \1 ** \2 "),
        (rf"{_N}\s*squared", r" \1 ** 2 "),
        (rf"{_N}\s*cubed", r" \1 ** 3 "),
        (rf"{_N}\s*の\s*{_N}\s*(?:%|パーセント)", r" \1 * \2 / 100 "),
        (rf"{_N}\s*(?:%|percent) of\s*{_N}", r" \2 * \1 / 100 "),
        (rf"{_N}\s*(?:に|と|へ)\s*{_N}\s*を?(?:足|たす|たし|加え|プラス)", r" \1 + \2 "),
        (rf"{_N}\s*から\s*{_N}\s*を?(?:引|ひく|ひい|マイナス)", r" \1 - \2 "),
        (rf"{_N}\s*(?:に|と|へ)\s*{_N}\s*を?(?:掛|かけ|乗じ)", r" \1 * \2 "),
        (rf"{_N}\s*を\s*{_N}\s*で(?:割|わる|わっ|わり)", r" \1 / \2 "),
        (rf"(?:add|sum of)\s*{_N}\s*(?:and|to)\s*{_N}", r" \1 + \2 "),
        (rf"subtract\s*{_N}\s*from\s*{_N}", r" \2 - \1 "),
        (rf"difference (?:between|of)\s*{_N}\s*and\s*{_N}", r" \1 - \2 "),
        (rf"(?:multiply|product of)\s*{_N}\s*(?:by|and|with)\s*{_N}", r" \1 * \2 "),
        (rf"divide\s*{_N}\s*by\s*{_N}", r" \1 / \2 "),
        (rf"{_N}\s*x\s*(?={_N})", r"\1 * "),
        (r"足す|たす|プラス|加える|\bplus\b", " + "),
        (r"引く|ひく|マイナス|\bminus\b", " - "),
        (r"掛ける|かける|\btimes\b|\bmultiplied by\b", " * "),
        (r"割る|わる|\bdivided by\b", " / "),
        (r"\^", " ** "),
        (r"(\d+(?:\.\d+)?)\s*(?:%|パーセント)", r" (\1 / 100) "),
    )
]

_CANDIDATE = re.compile(r"(?:sqrt|\d+(?:\.\d+)?|[-+*/()]|\s)+")


def expressions_in(text: str) -> list[str]:
    """Find what is to be calculated.

    Args:
        text: A question, such as `123 × 456 は？` or `what is 7 plus 5?`.

    Returns:
        Expressions in Python's syntax, such as `123 * 456`, in the order of the text; empty when
        there is none.
    """
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).lower()
    text = _NOISE.sub(" … ", text)
    for pattern, replacement in _PHRASES:
        text = pattern.sub(replacement, text)
    found = (_expression(match.group()) for match in _CANDIDATE.finditer(text))
    return [expression for expression in found if expression]


def _expression(candidate: str) -> str | None:
    candidate = candidate.strip().rstrip("+-*/( \n").lstrip("+*/) \n")
    try:
        tree = ast.parse(" ".join(candidate.split()), mode="eval")
    except SyntaxError:
        return None
    if not any(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(tree)):
        return None
    return ast.unparse(tree)
