"""Known soundness bugs of Lean's kernel and of the runtime below it, by version."""

import re
from dataclasses import dataclass
from datetime import date

from prover.lean.toolchain import Version, parse_version


@dataclass(frozen=True)
class KernelBug:
    """A way to make the kernel accept a proof of `False`."""

    title: str
    reference: str
    fixed_in: tuple[str, ...]
    """The first version without it, on each release branch."""
    fixed_on: date
    """For nightlies: every later one has the fix."""

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"


LEAN4 = "https://github.com/leanprover/lean4"
_MAIN_33 = ("4.33.1", "4.34.0")
_MAIN_34 = ("4.34.1", "4.35.0")

KERNEL_BUGS = (
    KernelBug(
        "the value of an opaque constant may refer to a free variable (malicious metaprograms)",
        f"{LEAN4}/issues/14484",
        ("4.32.1", "4.33.0-rc2"),
        date(2026, 7, 22),
    ),
    KernelBug(
        "nested inductive types with ill-typed parameters are accepted",
        f"{LEAN4}/issues/14576",
        ("4.32.2", "4.33.0-rc2"),
        date(2026, 7, 28),
    ),
    KernelBug(
        "inductive types may occur at other parameters than their own",
        f"{LEAN4}/pull/14582",
        _MAIN_33,
        date(2026, 8, 21),
    ),
    KernelBug(
        "the definitional-equality cache makes answers depend on the order of questions",
        f"{LEAN4}/pull/14806",
        _MAIN_33,
        date(2026, 8, 21),
    ),
    KernelBug(
        "a type may be a proposition in one place and not in another",
        f"{LEAN4}/pull/14807",
        _MAIN_33,
        date(2026, 8, 21),
    ),
    KernelBug(
        "wrong arithmetic on huge numerals with GMP before 6.3.0",
        f"{LEAN4}/pull/14833",
        _MAIN_33,
        date(2026, 8, 21),
    ),
    KernelBug(
        "reference counts overflow (needs 18 GB of memory)",
        f"{LEAN4}/pull/14838",
        _MAIN_33,
        date(2026, 8, 21),
    ),
    KernelBug(
        "frozen reference counts are released in deletion cascades (needs 18 GB of memory)",
        f"{LEAN4}/pull/15241",
        _MAIN_34,
        date(2026, 9, 24),
    ),
    KernelBug(
        "sharing overflows reference counts (needs 100 GB of memory)",
        f"{LEAN4}/pull/15289",
        _MAIN_34,
        date(2026, 9, 24),
    ),
)


def known_bugs(version: str) -> list[KernelBug]:
    """The published bugs that a Lean of this version has; in doubt it has them."""
    nightly = re.search(r"nightly-(\d+)-(\d+)-(\d+)", version)
    if nightly:
        day = date(*map(int, nightly.groups()))
        return [bug for bug in KERNEL_BUGS if day <= bug.fixed_on]
    own = parse_version(version)
    return [bug for bug in KERNEL_BUGS if not _has_fix(own, bug.fixed_in)]


def sound_since(bugs: list[KernelBug]) -> str:
    """The first version in which none of these bugs is left, empty if there are none."""
    return max((bug.fixed_in[0] for bug in bugs), key=parse_version, default="")


def _has_fix(own: Version, fixed_in: tuple[str, ...]) -> bool:
    fixes = [parse_version(fix) for fix in fixed_in]
    same_branch = any(own[:2] == fix[:2] and own >= fix for fix in fixes)
    return same_branch or own[:2] > max(fixes)[:2]
