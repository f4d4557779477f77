"""The notebooks, run by a kernel on a resident engine.

python -m tests.notebook.executed [NOTEBOOK...]      stores the outputs anew, of all or of these
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.serve.resident import Resident, without_times

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
BAR = re.compile(r"\d+\.\d s  ")
"""What a search shows while it runs."""


def executed(path: Path, environment: Mapping[str, str]) -> NotebookNode:
    """A notebook with the outputs that it has now. Raises `CellExecutionError` if a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=600,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env={**environment, "IPYTHONDIR": folder})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if not BAR.match(_text(one))]
    return notebook


def said(cell: NotebookNode) -> list[tuple[list[str], str]]:
    """The outputs of a cell: their kinds, and their text without times; no text where the cell has
    the tag `times`, which says that another machine may get another one."""
    timed = "times" in cell.metadata.get("tags", ())
    return [
        (sorted(one.get("data", {})), "" if timed else without_times(_text(one)))
        for one in cell.outputs
    ]


def _text(output: NotebookNode) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def main() -> None:
    with TemporaryDirectory() as folder:
        engine = Resident(Path(folder))
        engine.start()
        try:
            for path in [Path(one) for one in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
                notebook = executed(path.absolute(), {**os.environ, **engine.environment})
                nbformat.write(notebook, path)
                print(path, flush=True)
        finally:
            engine.close()


if __name__ == "__main__":
    main()
