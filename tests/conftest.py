"""What all tests share: the gate runs the same random examples each time, a person new ones."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.source import built_pyz

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("person", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "person")

LONGEST_ID = 200
"""Characters of a parameter that a test is called by; a whole file of megabytes is no name."""


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Call a long text by its start, length and hash: each worker sends every name of a test again and again."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_ID:
        return None
    data = val.encode("utf-8", "surrogatepass") if isinstance(val, str) else val
    start = ascii(val[:20]).removeprefix("b")[1:-1]
    return f"{start}-{len(val)}-{hashlib.sha256(data).hexdigest()[:8]}"


@pytest.fixture(scope="session")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collector as one file; tests that want it stay in one group, so that one worker builds it."""
    return built_pyz(tmp_path_factory.mktemp("one-file"))
