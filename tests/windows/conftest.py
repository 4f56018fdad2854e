"""One Windows for all tests here: they share its registry and its drives, and so one worker runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows.machine import VARIABLE, Machine, machine

HERE = Path(__file__).resolve().parent


@pytest.hookimpl(tryfirst=True)  # before the groups are read from the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("windows"))
            item.add_marker(pytest.mark.timeout(900))  # the first of them brings the package to Windows, too


@pytest.fixture(scope="session")
def windows() -> Iterator[Machine]:
    with machine() as made:
        if made is None:
            pytest.skip(f"no Windows here, and {VARIABLE} names none")
        yield made
