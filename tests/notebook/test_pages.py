"""The notebooks show what they say: each is run by a kernel, and does what its stored outputs say."""

from pathlib import Path

import nbformat
import pytest

from tests.notebook.executed import NOTEBOOKS, executed, said
from tests.serve.resident import Resident


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_does_what_it_shows(path: Path, resident: Resident) -> None:
    stored = nbformat.read(path, as_version=4)
    now = executed(path, resident.environment)
    for shown, cell in zip(stored.cells, now.cells, strict=True):
        if cell.cell_type == "code":
            assert said(cell) == said(shown), cell.source
            assert shown.execution_count == cell.execution_count, "stored as it was run"
