"""What all tests share: the gate runs the same random examples each time, a person new ones."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.source import built_pyz

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("person", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "person")


@pytest.fixture(scope="session")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collector as one file; tests that want it stay in one group, so that one worker builds it."""
    return built_pyz(tmp_path_factory.mktemp("one-file"))
