"""One scripted model for all tests of what asks a model."""

from collections.abc import Iterator

import pytest

from tests.informal.scripted import ScriptedModel, serving


@pytest.fixture(scope="session")
def _served() -> Iterator[ScriptedModel]:
    model = ScriptedModel()
    with serving(model):
        yield model


@pytest.fixture
def model(_served: ScriptedModel) -> ScriptedModel:
    """A model without answers, on a server that runs."""
    _served.reset()
    return _served
