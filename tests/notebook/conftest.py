"""One kernel for all tests that leave it as it is, on the resident engine of all tests."""

from collections.abc import Iterator

import pytest

from tests.notebook.kernel import Kernel
from tests.serve.resident import Resident

BEGIN = """import asyncio
from prover import Options, Settings, check, goals, prove, refute
%load_ext prover
%lean_env embedded
settings = Settings(lean="embedded", model=None)
"""


@pytest.fixture(scope="session")
def _kernel(resident: Resident, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("notebook"), resident.environment) as kernel:
        assert kernel.run(BEGIN).error is None
        yield kernel


@pytest.fixture
def kernel(_kernel: Kernel) -> Kernel:
    """A kernel in which no Lean cell has been run."""
    assert _kernel.run("%lean_env embedded").error is None
    return _kernel


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resident]:
    """The engine of a test's own, not started."""
    engine = Resident(tmp_path_factory.mktemp("own"))
    yield engine
    engine.close()
