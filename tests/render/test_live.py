"""The live tree in a real browser, used as its users do: by mouse and by keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.graph import Graph
from search.interfaces import Cost, Failure
from tests.render.browser import Browser
from tests.render.graphs import chain, grown, hostile, plain, state, trusted
from tests.render.live import show_live


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Browser]:
    """The browser, which has nothing to complain of in the end."""
    yield browser
    assert browser.complaints == []


def searched(also: int = 0) -> Graph:
    """A proof with something beside it, and `also` more tactics on the first goal."""
    graph = Graph(state("root", "p q : Prop\n⊢ p ∧ q"))
    graph.add_step(
        graph.root,
        "constructor",
        -0.5,
        [state("l", "⊢ p"), state("r", "⊢ q")],
        [0, 1],
        cost=Cost(7, 0.0421),
        expansion=1,
    )
    graph.add_step(graph.root, "apply wrong", -0.1, [state("w", "h : p\n⊢ False")], [0])
    wrong = graph.goals[3]
    graph.add_step(wrong, "apply worse", -0.2, [state("v", "⊢ p ∧ False")], [0])
    why = Failure("tactic", "simp made no progress", Cost(0, 0.25))
    graph.add_failure(graph.root, "simp at h", -0.3, why, 2)
    for name in ("l", "r"):
        goal = graph.find(state(name))
        assert goal is not None
        graph.add_step(goal, f"exact h{name}", -1.5, [], [])
    for n in range(also):
        graph.add_step(graph.root, f"also {n}", -3.0, [state(f"also {n}", f"⊢ {n} = {n}")], [0])
    return graph


def json_of(graph: Graph) -> str:
    return json.dumps(plain(graph))


def rows(page: Browser) -> list[str]:
    """The rows that are drawn, without their figures."""
    found: list[str] = page.run(
        "[...document.querySelectorAll('.row')].map(row => [...row.querySelectorAll("
        "'.proved, .failed, .open, .tactic, .goal, .arrow')].map(e => e.textContent).join(' '))"
    )
    return found


def row(text: str) -> str:
    """The row that shows a text, as an expression."""
    return f"[...document.querySelectorAll('.row')].find(row => row.textContent.includes('{text}'))"


def detail(page: Browser) -> str:
    found: str = page.run("document.querySelector('.facts').innerText")
    return found


PROOF = [
    "✓ ⊢ p ∧ q",
    "✓ constructor → 2 goals",
    "✓ ⊢ p",
    "✓ exact hl → nothing left",
    "✓ ⊢ q",
    "✓ exact hr → nothing left",
    "○ apply wrong → ⊢ False",
    "✗",
]


def test_the_proof_is_open_and_all_else_is_folded(page: Browser) -> None:
    show_live(page, plain(searched()) | {"graph": {"name": "both"}})
    assert rows(page) == PROOF
    assert page.run("document.querySelectorAll('.row.won').length") == 5
    heading = page.run("document.querySelector('header').textContent")
    assert heading == "both · 5 goals, 5 tactics that ran, 1 that failed"


def test_a_click_shows_what_there_is_to_know(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.click(row("constructor"))
    shown = detail(page)
    for text in ("constructor", "a tactic of the proof", "−0.50", "42 ms", "p q : Prop\n⊢ p ∧ q"):
        assert text in shown, text
    assert page.run("model.get('selected')") == "g0"
    page.click(row("apply wrong"))
    assert "h : p\n⊢ False" in detail(page) and "g3, open" in detail(page)
    assert page.run("[model.get('selected'), model.saved]") == ["g3", 2]
    page.click(row("that failed") + ".querySelector('.fold')")
    page.click(row("simp at h"))
    shown = detail(page)
    for text in ("simp at h", "simp made no progress", "tactic", "−0.30", "250 ms", "⊢ p ∧ q"):
        assert text in shown, text


def test_a_tactic_is_run_and_the_answer_shown(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.click(row("apply wrong"))
    page.click("document.querySelector('.prover-tree input')")
    page.type("exact absurd h ‹_›")
    page.click("document.querySelector('.prover-tree form button')")
    asked = [{"do": "run", "goal": "g3", "tactic": "exact absurd h ‹_›"}]
    assert page.run("model.sent") == asked
    assert "g3" in page.run("document.querySelector('.answer').innerText")
    page.run("model.set('answer', {text: '<i>1 goal</i>', tactics: ['simp <;> omega', 'rfl']})")
    assert page.run("document.querySelector('.answer pre').textContent") == "<i>1 goal</i>"
    page.click("document.querySelector('.answer button')")
    assert page.run("document.querySelector('.prover-tree input').value") == "simp <;> omega"
    page.press("Enter")
    assert page.run("model.sent.at(-1).tactic") == "simp <;> omega"
    for n, what in enumerate(("suggest", "premises", "prove")):
        page.click(f"document.querySelectorAll('.controls > .buttons button')[{n}]")
        assert page.run("model.sent.at(-1)") == {"do": what, "goal": "g3"}
    page.run("model.set('answer', '')")
    assert "g3" in page.run("document.querySelector('.answer').innerText"), "it is waited for"
    page.run("model.set('answer', 'a text')")
    assert page.run("document.querySelector('.answer').innerText") == "a text"


def test_keys_do_what_the_mouse_does(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.run("document.querySelector('.rows').focus()")
    selected = "document.querySelector('[aria-selected=true]').textContent"
    page.press("ArrowDown")
    assert "constructor" in page.run(selected)
    page.press("ArrowLeft")
    assert rows(page) == [*PROOF[:2], *PROOF[6:]]
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert "⊢ p" in page.run(selected) and rows(page) == PROOF
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert "constructor" in page.run(selected)
    page.press("End")
    page.press(" ")
    assert "✗ simp at h" in rows(page)[-1]
    page.press("Home")
    assert "⊢ p ∧ q" in page.run(selected)
    page.press("Enter")
    assert page.run("document.activeElement.tagName") == "INPUT"
    page.press("Escape")
    assert page.run("document.activeElement.className") == "rows"


def test_a_click_counts_although_the_graph_grows_under_it(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.run(f"""document.addEventListener("mousedown", () => {{
      model.set("graph", {json_of(searched(also=1))});
    }}, {{ once: true }})""")
    page.click(row("apply wrong") + ".querySelector('.fold')")
    assert "g3, open" in detail(page)
    assert "○ apply worse → ⊢ p ∧ False" in rows(page)


def test_what_is_open_stays_open_while_the_search_grows(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.click(row("apply wrong") + ".querySelector('.fold')")
    page.click(row("constructor") + ".querySelector('.fold')")
    page.click(row("apply worse"))
    before = rows(page)
    assert "○ apply worse → ⊢ p ∧ False" in before and "✓ ⊢ p" not in before
    page.run(f"model.set('graph', {json_of(searched(also=2))})")
    assert rows(page) == [*before[:-1], "○ also 0 → ⊢ 0 = 0", "○ also 1 → ⊢ 1 = 1", before[-1]]
    assert "apply worse" in detail(page)
    assert page.run("document.querySelector('[aria-selected=true] .tactic').textContent") == (
        "apply worse"
    )


def test_a_goal_selected_from_outside_is_brought_into_sight(page: Browser) -> None:
    graph = trusted(grown(3_000))
    show_live(page, graph)
    deep = max((n for n in graph["nodes"] if n["kind"] == "goal"), key=lambda n: n["depth"])
    page.run(f"model.set('selected', '{deep['id']}')")
    assert deep["id"] in detail(page)
    assert page.run("""(() => {
      const box = document.querySelector('.rows').getBoundingClientRect();
      const at = document.querySelector('[aria-selected=true]').getBoundingClientRect();
      return at.top >= box.top && at.bottom <= box.bottom + 1;
    })()""")


def test_before_the_search_begins_there_is_nothing_to_see(page: Browser) -> None:
    show_live(page, {})
    assert rows(page) == []
    assert page.run("document.querySelector('header').textContent") == "No search yet"
    page.run(f"model.set('graph', {json_of(searched())})")
    assert rows(page) == PROOF


def test_only_what_is_in_sight_is_drawn(page: Browser) -> None:
    show_live(page, trusted(grown(5_000)))
    assert page.run("document.querySelectorAll('.row').length") < 40
    show_live(page, trusted(chain(2_000)))
    assert page.run("document.querySelectorAll('.row').length") < 40
    page.run("document.querySelector('.rows').focus()")
    page.press("End")
    assert any("close" in one for one in rows(page))
    page.press("Home")
    assert "step 0" in rows(page)[1]


def test_a_cycle_ends_where_it_closes(page: Browser) -> None:
    graph = Graph(state("root", "⊢ root"))
    graph.add_step(graph.root, "there", -1.0, [state("a", "⊢ a")], [0])
    graph.add_step(graph.goals[1], "back", -1.0, [state("root")], [0])
    show_live(page, plain(graph))
    page.click(row("there") + ".querySelector('.fold')")
    assert rows(page)[-1] == "○ back → ⊢ root ↑ as above"
    page.run("document.querySelector('.rows').focus()")
    page.press("End")
    page.press("ArrowRight")
    assert len(rows(page)) == 3


def test_texts_of_somebody_else_are_only_shown(page: Browser) -> None:
    nasty = '<img src=x onerror="window.bad = 1"><script>window.bad = 1</script>\u202e'
    show_live(page, hostile(f"h : {nasty}\n⊢ {nasty}", nasty, nasty))
    page.run(f"model.set('answer', {{text: {nasty!r}, tactics: [{nasty!r}]}})")
    page.click("document.querySelectorAll('.row')[1].querySelector('.fold')")
    page.click("document.querySelectorAll('.row')[3].querySelector('.fold')")
    for one in range(5):
        page.click(f"document.querySelectorAll('.row')[{one}]")
    page.click(row("that failed") + ".querySelector('.fold')")
    page.press("ArrowDown")
    assert (
        page.run("document.querySelectorAll('.prover-tree img, .prover-tree script').length") == 0
    )
    assert page.run("window.bad") is None
    assert "\u202e" not in page.run("document.querySelector('.prover-tree').textContent")
    assert "<img" in detail(page)


def test_a_view_that_is_closed_leaves_nothing(page: Browser) -> None:
    show_live(page, plain(searched()))
    page.run("window.close()")
    assert page.run("document.querySelectorAll('.prover-tree').length") == 0
    assert page.run("Object.values(model.listeners).flat().length") == 0


def test_the_saved_tree_is_seen_when_the_live_one_is_not(page: Browser) -> None:
    seen = "getComputedStyle(document.querySelector('.kept')).display"
    show_live(page, plain(searched()))
    assert page.run(seen) == "none"
    page.run("close()")
    assert page.run(seen) == "block"


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_in_light_and_in_dark(page: Browser, dark: bool, tmp_path: Path) -> None:
    show_live(page, plain(searched()), dark=dark)
    page.click(row("constructor"))
    colours: list[list[Any]] = page.run("""(() => {
      const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
      const paint = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const ground = paint(getComputedStyle(document.body).backgroundColor);
      return [...document.querySelectorAll('.row span, .facts *, .controls *')]
        .filter((e) => e.textContent && !e.children.length)
        .map((e) => [e.className, paint(getComputedStyle(e).color), ground]);
    })()""")
    assert len(colours) > 20
    for name, ink, ground in colours:
        assert contrast(ink, ground) >= 4.5, (name, ink, ground)


def contrast(ink: list[int], ground: list[int]) -> float:
    """As WCAG 2 defines it."""
    share = ink[3] / 255
    mixed = [share * a + (1 - share) * b for a, b in zip(ink[:3], ground[:3], strict=True)]
    one, other = sorted((luminance(mixed), luminance(ground[:3])), reverse=True)
    return (one + 0.05) / (other + 0.05)


def luminance(colour: list[float] | list[int]) -> float:
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
