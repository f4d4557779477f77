"""The resident engine in the place of one of a command's own."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prover.engine.options import Filled, Options, Progress, Searched, Settings
from prover.generate.shipped import SHIPPED
from prover.interrupt import Interrupted
from prover.serve import client, process
from prover.serve.schema import ServeError
from prover.verify.verdict import Verdict
from search.budget import Spent

KEYWORDS = ("auto", "embedded", "mathlib")


@dataclass(frozen=True, slots=True)
class Received(Filled):
    """What an engine has sent: the trees come as they are written."""

    received: tuple[dict[str, Any], ...] = ()

    @property
    def trees(self) -> list[dict[str, Any]]:
        return list(self.received)


class Remote:
    """What commands need of `prover.api.Prover`, with the same outcome. Use it as an asynchronous
    context manager. `on_ready` is told which Lean it is, and why this one. `asker` is a session to ask
    in; without one, the engine must run."""

    def __init__(
        self,
        settings: Settings,
        options: Options,
        folder: Path,
        *,
        on_progress: Callable[[Progress], None],
        on_setup: Callable[[str, float], None],
        on_ready: Callable[[str, str], None],
        asker: client.Client | None = None,
    ) -> None:
        self._client = asker or client.Client(start=False)
        self._options = options
        self._where = place(settings, folder)
        self._on_progress, self._on_setup, self._on_ready = on_progress, on_setup, on_ready
        self._job = secrets.token_hex(8)
        self._work: asyncio.Task[Any] | None = None
        self._cancelling: asyncio.Task[None] | None = None
        self._gave_up = False
        self.reached = False
        """Whether the engine was there."""

    async def __aenter__(self) -> Self:
        """Raises `EngineGone` if the engine does not answer."""
        await self._client.endpoint()
        self.reached = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._cancelling is not None:
            self._cancelling.cancel()
            await asyncio.gather(self._cancelling, return_exceptions=True)

    def interrupt(self) -> bool:
        """Ends the searches: what they have so far comes back as verdicts. Says whether a request is
        worked on that may have some."""
        if self._work is None or self._cancelling is not None:
            return False
        self._cancelling = asyncio.create_task(self._cancel(self._work))
        return True

    async def fill_statement(self, statement: str, *, header: str = "") -> Received:
        """As `Job.fill_statement`."""
        return await self._prove(statement=statement, header=header)

    async def prove_text(self, text: str, *, name: str | Sequence[str] | None = None) -> Received:
        """As `Job.prove_text`."""
        several = None if name is None or isinstance(name, str) else list(name)
        return await self._prove(text=text, name=None if several else name, names=several)

    async def check_text(
        self, text: str, *, name: str | None = None, statements: str | None = None
    ) -> list[Verdict]:
        """As `Checker.check_text`."""
        answer = await self._call(
            "check",
            text=text,
            name=name,
            statements=statements,
            paranoid=self._options.paranoid,
        )
        return [Verdict.from_json(one) for one in answer["verdicts"]]

    async def _prove(self, **asked: Any) -> Received:
        options, budget = self._options, self._options.budget
        wanted = {
            **asdict(budget),
            "seed": options.seed,
            "paranoid": options.paranoid,
            "refute": options.refute,
            "discover": options.discover,
        }
        work = self._call("prove", **asked, options=wanted, job=self._job, graphs=True)
        self._work = asyncio.ensure_future(work)
        try:
            answer = await self._work
        except asyncio.CancelledError:
            if self._gave_up:
                raise Interrupted from None
            raise
        finally:
            self._work = None
        return Received(
            verdicts=tuple(Verdict.from_json(one) for one in answer["verdicts"]),
            text=answer["text"],
            graphs=(),
            seconds=answer["seconds"],
            failures=Counter(answer["failures"]),
            holes=tuple(map(_searched, answer["holes"])),
            received=tuple(answer["graphs"]),
        )

    async def _call(self, method: str, **body: Any) -> dict[str, Any]:
        return await self._client.call(method, {"where": self._where, **body}, self._told)

    async def _cancel(self, work: asyncio.Task[Any]) -> None:
        """Ends the searches of a request, or all of it if it does not search yet."""
        try:
            running = (await self._client.call("cancel", {"job": self._job}))["running"]
        except ServeError:
            running = False
        if not running:
            self._gave_up = work.cancel()

    def _told(self, event: Mapping[str, Any]) -> None:
        if "setup" in event:
            self._on_setup(event["setup"], event["done"])
        elif "lean" in event:
            self._on_ready(event["lean"], event["why"])
        elif "spent" in event:
            self._on_progress(Progress(**{**event, "spent": Spent(**event["spent"])}))


def place(settings: Settings, folder: Path) -> dict[str, Any]:
    """The field `where` of a request that asks for these settings in a folder."""
    return client.where(
        folder,
        lean=settings.lean if settings.lean in KEYWORDS else _absolute(settings.lean),
        jobs=settings.jobs,
        model="none" if settings.model is None else _model(settings.model),
        format=settings.prompt_format,
        few_shot=None if settings.few_shot is None else _absolute(settings.few_shot),
    )


def can_serve(settings: Settings, options: Options) -> bool:
    """Whether an engine of this version runs that would do what this process would."""
    endpoint = process.find()
    return (
        endpoint is not None
        and endpoint.programs == process.programs()
        and can_say(settings, options)
    )


def can_say(settings: Settings, options: Options) -> bool:
    """Whether a request can ask for all of this."""
    fresh = Settings(
        settings.lean,
        settings.jobs,
        model=settings.model,
        prompt_format=settings.prompt_format,
        few_shot=settings.few_shot,
    )
    known = Options(
        options.budget,
        options.seed,
        paranoid=options.paranoid,
        refute=options.refute,
        discover=options.discover,
    )
    return settings == fresh and options == known


def _searched(row: Mapping[str, Any]) -> Searched:
    return Searched(**{**row, "failed": tuple(row["failed"]), "left": tuple(row["left"])})


def _model(name: str) -> str:
    """The name of a model, with its folder as an engine finds it."""
    if name == SHIPPED:
        return name
    prefix, mark, rest = name.partition(":")
    if mark and prefix in ("hf", "vllm"):
        folder, mark, arguments = rest.partition("?")
        return f"{prefix}:{_absolute(folder)}{mark}{arguments}"
    return _absolute(name)


def _absolute(name: str) -> str:
    """A path that holds in another folder, of what is there; other names as they are."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.exists() else name
