"""One Lean for all tests: starting it takes seconds. Tests that use it, and those of the acceptance
suite, are marked here. A file's tests run in one process, and so do all that need a resident engine.
Property tests try the same few examples every time, unless `HYPOTHESIS_PROFILE=random` asks for new
ones and more (`make fuzz`)."""

import functools
import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NoReturn

import pytest
import typer.main
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("random", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

os.environ["HF_HUB_OFFLINE"] = "1"  # a name that is no folder fails at once
os.environ["PROVER_RUNTIME"] = (
    f"{gettempdir()}/prover-no-engine-{os.getpid()}"  # none of the user's
)

from prover.lean import embedded
from prover.lean.toolchain import Lean, find_lean
from tests.lab import Lab
from tests.serve.resident import Resident

typer.main.get_command = functools.cache(typer.main.get_command)  # of one program, made once

ACCEPTANCE = Path(__file__).with_name("acceptance")
RESIDENT = (
    *("tests/editor/", "tests/notebook/", "tests/serve/", "tests/test_cli.py"),
    *("tests/informal/test_sketches.py", "tests/render/test_verdict_html.py"),
)
"""Where tests have a resident engine: it takes the memory of several Leans."""
TRAININGS = tuple(
    f"tests/train/test_{name}.py" for name in ("ablation", "evolve", "grpo", "rounds")
)
"""Whose commands are forked from a process that has torch: in two processes, two would load it."""
ISOLATION = "tests/acceptance/test_isolation.py"
"""Whose attacks several tests look at: in two processes, they would be made twice."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what uses the fixture `lean`, itself or through another, and what attacks the verdict.
    The attacks come last, the small ones one by one, so that no process is idle at the end."""
    for item in items:
        attacks = item.path.is_relative_to(ACCEPTANCE)
        if attacks:
            item.add_marker("acceptance")
        if attacks or "lean" in getattr(item, "fixturenames", ()):
            item.add_marker("lean")
    items.sort(
        key=lambda item: (
            item.path.is_relative_to(ACCEPTANCE),
            not item.nodeid.startswith(ISOLATION),
        )
    )


def pytest_collection_finish() -> None:
    """No collection of garbage looks at what stays to the end: the tests, and what they import."""
    gc.collect()
    gc.freeze()


class ByFile(LoadScopeScheduling):
    """Each file in one process, all that has a resident engine in one, all trainings in one, and most attacks one by one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file.startswith("tests/acceptance/") and file != ISOLATION:
            return nodeid
        if file in TRAININGS:
            return "trainings"
        return "resident" if file.startswith(RESIDENT) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Without the marker, a test has no Lean."""

    def refuse(*args: object, **options: object) -> NoReturn:
        pytest.fail("a test that starts Lean uses the fixture `lean` or has the marker `lean`")

    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("lean") is None:
            patch.setattr(embedded, "ensure", refuse)
        return (yield)


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Lean:
    return find_lean(tmp_path_factory.mktemp("nowhere"), "embedded")


@pytest.fixture(scope="session")
def _lab(lean: Lean) -> Iterator[Lab]:
    lab = Lab()
    try:
        lab.wait(lab.prover.__aenter__())
        yield lab
        lab.wait(lab.prover.__aexit__(None, None, None))
    finally:
        lab.stop()


@pytest.fixture
def lab(_lab: Lab) -> Iterator[Lab]:
    """The session's Lean. Its limits are as they were after each test."""
    limits = _lab.pool.limits
    yield _lab
    _lab.pool.limits = limits


@pytest.fixture(scope="session")
def resident(tmp_path_factory: pytest.TempPathFactory, lean: Lean) -> Iterator[Resident]:
    """A resident engine that runs, for tests that leave it as it is."""
    engine = Resident(tmp_path_factory.mktemp("run"))
    engine.start()
    yield engine
    engine.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory outside every project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
