"""Editors that talk to servers on a resident engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.editor.editing import Editor
from tests.serve.resident import Resident

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


@pytest.fixture(scope="session")
def _editor(resident: Resident, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(tmp_path_factory.mktemp("project"), resident) as editor:
        editor.hello()
        yield editor
        editor.goodbye()


@pytest.fixture
def editor(_editor: Editor, tmp_path: Path) -> Iterator[Editor]:
    """An editor with a server that all tests share, and a folder of the test's own."""
    with _editor.within(tmp_path) as editor:
        yield editor
