"""What a user can cause is a `ProverError`, which the command shows as a message."""

import pytest

from prover.data.decontaminate import Contaminated
from prover.errors import ProverError
from prover.evaluate.benchmark import BenchmarkError
from prover.evaluate.run import RunError
from prover.generate.completion import ModelError
from prover.generate.prompts import UnknownFormat
from prover.lean.embedded import SetupError
from prover.lean.pool import LeanUnavailable
from prover.train.corpus import TrainingError


@pytest.mark.parametrize(
    "kind",
    [
        BenchmarkError,
        Contaminated,
        LeanUnavailable,
        ModelError,
        RunError,
        SetupError,
        TrainingError,
        UnknownFormat,
    ],
)
def test_what_a_user_can_cause_has_one_base(kind: type[Exception]) -> None:
    assert issubclass(kind, ProverError)


@pytest.mark.parametrize("kind", [Contaminated, UnknownFormat])
def test_wrong_values_are_still_value_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, ValueError)
