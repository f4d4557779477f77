"""Fragments and pages of HTML, from the templates beside this module.

No fragment has a script or needs a network. Its colours are mixed from the colour of the text around
it, so that they fit light and dark; where a page takes the style away (GitHub does), the elements
alone still say what is what.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from prover.render.text import clean, duration, goals, lean, shortened

if TYPE_CHECKING:
    from prover.verify.verdict import Verdict

MOST_CHARACTERS = 100_000
"""How much of one text is shown."""
LONGEST_LINE = 2_000
"""How much is shown of what should be a sentence."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("prover.render"),
        autoescape=True,
        finalize=_showable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "lean": lambda text: lean(clean(shortened(text, MOST_CHARACTERS))),
        "goals": lambda text: goals(clean(shortened(text, MOST_CHARACTERS))),
        "short": lambda text: shortened(text, LONGEST_LINE),
        "duration": duration,
    }
    return environment


def _showable(value: Any) -> Any:
    return clean(value) if type(value) is str else value


def fill(template: str, **values: Any) -> str:
    """A template of this package with its values, all of them as text."""
    return _environment().get_template(template).render(values)


def page(title: str, *fragments: str) -> str:
    """A whole HTML file, of fragments that come from this package."""
    return fill("page.html", title=title, fragments=[Markup(one) for one in fragments])


def verdict_html(verdict: Verdict) -> str:
    """A verdict with its layers, its axioms, what it took, and the proof or the counterexample."""
    return fill("verdict.html", verdict=verdict)


def proof_html(steps: Iterable[tuple[str, str]]) -> str:
    """A proof tactic by tactic, each of which shows the goals after it when it is opened (as Alectryon
    shows them: Pit-Claudel, *Untangling mechanized proofs*, 2020). A step is the text of a tactic and
    the printed goals, which are empty where none are left."""
    return fill("proof.html", steps=list(steps))


def notes_html(
    notes: Iterable[tuple[str, str, str, str]], said: Iterable[str] = (), filled: str | None = None
) -> str:
    """What Lean says of the places of a text: the place, what kind of note it is (`error`, `warning`,
    `information`, or `goals`, which are printed goals), what it says, and the line that it is about;
    then the text with its holes `filled`, and what is `said` of all of it."""
    return fill("notes.html", notes=list(notes), said=list(said), filled=filled)
