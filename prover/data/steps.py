"""What a round of `prover.data.mining` has learned, for all pages of a cluster: steps of datatrove.

`pipeline` is what one of its executors runs, `LocalPipelineExecutor`, `SlurmPipelineExecutor` or
`RayPipelineExecutor`, one task for some of the shards. datatrove's own `FastTextClassifierFilter` is
not used: it keeps models by their path, and so would take the classifier of an earlier round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter

from prover.data.algebraic_stack import write_shard
from prover.data.decontaminate import Benchmark, load_benchmark
from prover.data.mining import REPORT, Classifier, find_shards, read_pages
from prover.files import read_text


class Pages(PipelineStep):  # type: ignore[misc]
    """Reads the shards of a folder, each task its own, as `prover data mine` does."""

    type, name = "READER", "pages"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def run(
        self, data: Iterable[Document] | None, rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        for shard in find_shards(self._folder)[rank::world_size]:
            for page in read_pages(shard):
                yield Document(page.text, f"{shard}/{page.line}", metadata={"url": page.url})


class Mathematical(BaseFilter):  # type: ignore[misc]
    """Keeps what the classifier of a round rates as high as what the round has found."""

    name = "mathematical"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._model = folder / "classifier.bin"
        self._cut: float = json.loads(read_text(folder / REPORT))["cut"]
        self._classifier: Classifier | None = None

    def filter(self, doc: Document) -> bool:
        self._classifier = self._classifier or Classifier(self._model)
        doc.metadata["score"] = self._classifier.score(doc.text)
        return bool(doc.metadata["score"] >= self._cut)


class Clean(BaseFilter):  # type: ignore[misc]
    """Drops what contains a problem of a benchmark, by the rules of `prover.data.decontaminate`."""

    name = "clean"

    def __init__(self, files: Sequence[Path]) -> None:
        super().__init__()
        problems = [problem for file in files for problem in load_benchmark(file)]
        self._problems = problems
        self._benchmark: Benchmark | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        self._benchmark = self._benchmark or Benchmark(self._problems)
        hit = self._benchmark.hit(doc.text)
        return True if hit is None else (False, hit.rule)


class Shards(PipelineStep):  # type: ignore[misc]
    """Writes a shard a task, for `prover train`."""

    type, name = "WRITER", "shards"

    def __init__(self, out: Path) -> None:
        super().__init__()
        self._out = out

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        (self._out / "train").mkdir(parents=True, exist_ok=True)
        shard = self._out / "train" / f"web{rank:05}.jsonl.zst"
        write_shard(shard, ((doc.text, doc.metadata) for doc in data))


def pipeline(
    pages: Path, folder: Path, out: Path, benchmarks: Sequence[Path] = ()
) -> list[PipelineStep]:
    """The steps from a folder of pages to a corpus of those that the classifier of a round, in
    `folder`, finds, without problems of the benchmarks.

    Raises:
        WrongUse: a benchmark cannot be read, or the round is not complete.
    """
    return [Pages(pages), Mathematical(folder), Clean(benchmarks), Shards(out)]
