"""The page of errors has every error that an execution can end with, and no other."""

from __future__ import annotations

import pytest

from lifecycle import errors
from tests.docs.pages import code_in, tables_of


def leaves(root: type[Exception]) -> list[str]:
    # What other modules derive for themselves never leaves a stage.
    children = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
    return [name for child in children for name in leaves(child)] if children else [root.__name__]


@pytest.mark.parametrize("page", ["docs/errors.md", "docs/ja/errors.md"])
def test_every_error_is_explained_once(page: str) -> None:
    (table,) = tables_of(page)
    named = [name for row in table.rows for name in code_in(row[0])]
    assert sorted(named) == sorted(leaves(errors.LifecycleError))
    assert all(all(row) for row in table.rows)
