"""What a resident engine counts, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

KEPT = 1_000
"""Of so many of the latest requests of a method the times are kept."""


class Metrics:
    """Counts requests and what they do."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        """By method and how they ended: `ok`, `cancelled`, or the kind of the error."""
        self.tactics = 0
        """Those that were run outside of searches."""
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._total: Counter[str] = Counter()
        self._sum: defaultdict[str, float] = defaultdict(float)

    def add(self, method: str, how: str, seconds: float) -> None:
        """Notes a request that is over."""
        self.requests[method, how] += 1
        self._seconds[method].append(seconds)
        self._total[method] += 1
        self._sum[method] += seconds

    def quantile(self, method: str, share: float) -> float:
        """The time that a share of the latest requests took at most, in seconds."""
        times = sorted(self._seconds[method])
        return times[min(len(times) - 1, int(share * len(times)))]

    def text(self, asked: Mapping[str, int], more: Iterable[tuple[str, str, str, float]]) -> str:
        """All of it, with what caches were `asked` (`engine_hit`: 3) and further figures: name, kind
        (`counter` or `gauge`), what it is, value."""
        return "\n".join([*self._lines(asked, more), ""])

    def _lines(
        self, asked: Mapping[str, int], more: Iterable[tuple[str, str, str, float]]
    ) -> Iterator[str]:
        yield from _head("prover_requests_total", "counter", "requests that are over")
        for (method, how), count in sorted(self.requests.items()):
            yield f'prover_requests_total{{method="{method}",result="{how}"}} {count}'
        yield from _head("prover_request_seconds", "summary", "time of requests")
        for method in sorted(self._seconds):
            for share in (0.5, 0.95):
                value = self.quantile(method, share)
                yield f'prover_request_seconds{{method="{method}",quantile="{share}"}} {value:.6f}'
            yield f'prover_request_seconds_sum{{method="{method}"}} {self._sum[method]:.6f}'
            yield f'prover_request_seconds_count{{method="{method}"}} {self._total[method]}'
        yield from _head("prover_cache_total", "counter", "what was there already, and what not")
        for name, count in sorted(asked.items()):
            cache, _, how = name.partition("_")
            yield f'prover_cache_total{{cache="{cache}",result="{how}"}} {count}'
        for name, kind, what, value in more:
            yield from _head(name, kind, what)
            yield f"{name} {value:g}"


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
