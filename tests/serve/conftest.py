"""One resident engine for the tests of this folder that leave it as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.resident import Resident


@pytest.fixture(scope="session")
def _engine(tmp_path_factory: pytest.TempPathFactory, lean: object) -> Iterator[Resident]:
    engine = Resident(tmp_path_factory.mktemp("run"))
    engine.start()
    yield engine
    engine.close()


@pytest.fixture
def engine(_engine: Resident, monkeypatch: pytest.MonkeyPatch) -> Resident:
    """An engine that runs, the one that clients of this process find."""
    monkeypatch.setenv("PROVER_RUNTIME", str(_engine.runtime))
    return _engine


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
