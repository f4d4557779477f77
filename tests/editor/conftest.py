"""One resident engine for the tests of this folder, and editors that talk to servers on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.editor.editing import Editor
from tests.serve.resident import Resident


@pytest.fixture(scope="session")
def _resident(tmp_path_factory: pytest.TempPathFactory, lean: object) -> Iterator[Resident]:
    engine = Resident(tmp_path_factory.mktemp("run"))
    engine.start()
    yield engine
    engine.close()


@pytest.fixture
def resident(_resident: Resident) -> Resident:
    """An engine that runs."""
    return _resident


Editing = Callable[..., Editor]


@pytest.fixture
def editing(resident: Resident, tmp_path: Path) -> Iterator[Editing]:
    """Starts editors on the engine, each with a server of its own. They have said hello."""
    with ExitStack() as stack:

        def start(**more: Any) -> Editor:
            editor = stack.enter_context(Editor(tmp_path, more.pop("engine", resident)))
            editor.hello(**more)
            return editor

        yield start
