"""Which engines a resident process keeps."""

from pathlib import Path

import pytest

from prover.engine.document import Document
from prover.lean.toolchain import Lean
from prover.serve import engines
from prover.serve.engines import Engines
from prover.serve.schema import Where
from tests.serve.resident import ask


def test_of_two_with_the_same_lean_the_latest_is_kept(
    tmp_path: Path, lean: Lean, monkeypatch: pytest.MonkeyPatch
) -> None:
    def where(jobs: int) -> Where:
        return Where(str(tmp_path), lean="embedded", jobs=jobs, model="none")

    async def left() -> list[int | None]:
        kept = Engines()
        try:
            for jobs in (1, 2):
                async with kept.use(where(jobs), lean):
                    pass
            await kept.sweep()
            assert len(kept.open) == 2  # neither was idle for long
            monkeypatch.setattr(engines, "BESIDE_SECONDS", 0.0)
            async with kept.use(where(1), lean):
                await kept.sweep()
                return [lease.settings.jobs for lease in kept.open]
        finally:
            await kept.close()

    assert ask(left()) == [1]


def test_a_document_waits_for_no_engine(tmp_path: Path, lean: Lean) -> None:
    where = Where(str(tmp_path), lean="embedded", jobs=1, model="none")

    async def seen() -> tuple[list[str], int, int, bool, bool]:
        kept = Engines()
        try:
            async with kept.desk(lean) as desk:
                document = Document(desk)
                (last,) = [one async for one in document.update("#eval 1 + 1") if one.finished][-1:]
                before = len(kept.open)
                kept.warm(where, lean)
                async with kept.use(where, lean):
                    after = len(kept.open)
            async with kept.desk(lean) as again:
                same = again is desk
            await kept.sweep(idle=-1.0)
            async with kept.desk(lean) as another:
                anew = another is not desk
            return [one.text for one in last.diagnostics], before, after, same, anew
        finally:
            await kept.close()

    assert ask(seen()) == (["2"], 0, 1, True, True)
