"""Resident engines: the one that all tests share, and those of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.resident import Resident


@pytest.fixture
def engine(resident: Resident, monkeypatch: pytest.MonkeyPatch) -> Resident:
    """An engine that runs, the one that clients of this process find."""
    monkeypatch.setenv("PROVER_RUNTIME", str(resident.runtime))
    return resident


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of a test's own, with no engine yet."""
    folder = tmp_path_factory.mktemp("own")
    monkeypatch.setenv("PROVER_RUNTIME", str(folder))
    return folder


@pytest.fixture
def own(runtime: Path) -> Iterator[Resident]:
    """The engine of a test's own, not started."""
    engine = Resident(runtime)
    yield engine
    engine.close()
