"""The calls in a real kernel, on a real engine: what they show, and what an interrupt leaves."""

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from prover.lean.toolchain import Lean
from prover.serve.client import ask as ask_engine
from tests.notebook.conftest import BEGIN
from tests.notebook.kernel import Kernel, Outputs
from tests.serve.resident import Resident, ask

COMM = '"theorem t (a b : Nat) : a + b = b + a"'
HARD = (
    '"theorem hard (a b c n : Nat) (h : 2 < n) : (a + 1) ^ n + (b + 1) ^ n ≠ (c + 1) ^ n", '
    "settings=settings, budget=100_000, timeout=600, options=Options(refute=False, discover=False)"
)


def engine_status(resident: Resident) -> dict[str, Any]:
    return ask(ask_engine(resident.endpoint, "status", {}))


def settled(resident: Resident) -> dict[str, Any]:
    """The status of the engine once nothing is searched any more."""
    for _ in range(300):
        status = engine_status(resident)
        if not status["queue"]["search"]["running"]:
            return status
        time.sleep(0.1)
    raise AssertionError(status)


def is_searching(outputs: Outputs) -> bool:
    return "expansions" in outputs.html


def test_a_result_shows_itself_as_static_html_and_as_text(kernel: Kernel) -> None:
    outputs = kernel.run(f"result = prove({COMM}, settings=settings)\nresult")
    bundle = outputs.bundles[-1]
    assert bundle["text/plain"].splitlines()[-3].startswith("proved t · Lean 4.28")
    assert "theorem t (a b : Nat) : a + b = b + a := by\n  omega" in bundle["text/plain"]
    html = bundle["text/html"]
    assert "omega" in html and "kernel" in html and "<details" in html
    assert not re.search(r"<script|src=|<link|@import|url\(", html)
    told = kernel.run("print(result.outcome, result.proof, len(result), result.proved)")
    assert told.text == "proved omega 1 True\n"


def test_the_widget_has_the_static_tree_beside_it(kernel: Kernel) -> None:
    live, saved = kernel.run(f"prove({COMM}, settings=settings).tree()").bundles[-2:]
    assert "application/vnd.jupyter.widget-view+json" in live and "text/html" not in live
    assert "<details" in saved["text/html"] and "omega" in saved["text/html"]


def test_goals_and_a_counterexample(kernel: Kernel) -> None:
    outputs = kernel.run('goals("theorem t (p : Prop) (h : p) : p", settings=settings)')
    assert outputs.text.startswith("1:39: `sorry` in t\np : Prop\nh : p\n⊢ p\n")
    assert "⊢ p" in outputs.html
    outputs = kernel.run('refute("theorem t (n : Nat) : n < 2", settings=settings)')
    assert outputs.text.startswith("disproved t: it is false at n = ")
    assert "Counterexample" in outputs.html
    told = kernel.run(f"refute({COMM}, settings=settings).outcome")
    assert "GAVE_UP" in told.text


def test_a_file_is_read_and_a_finished_text_is_checked(kernel: Kernel, tmp_path: Path) -> None:
    text = "theorem a : 1 = 1 := rfl\n\ntheorem b (n : Nat) : n = n := by\n  sorry\n"
    file = tmp_path / "Own.lean"
    file.write_text(text, encoding="utf-8")
    code = f"from pathlib import Path\nfile = Path({str(file)!r})\n"
    told = kernel.run(f"{code}[(v.name, str(v.outcome)) for v in check(file, settings=settings)]")
    assert told.text == "[('a', 'proved'), ('b', 'rejected')]\n"
    told = kernel.run("print(prove(file, settings=settings).text)")
    assert told.text == text.replace("sorry", "rfl") + "\n"
    assert file.read_text(encoding="utf-8") == text


def test_calls_are_awaited_side_by_side(kernel: Kernel) -> None:
    told = kernel.run(
        "async def both():\n"
        f"    one, other = prove({COMM}, settings=settings), goals('theorem u : True')\n"
        "    print(type(one._work).__name__, type(other._work).__name__)\n"
        "    return await asyncio.gather(one, other)\n"
        "result, asked = await both()\n"
        "print(result.outcome, len(asked), (await result) is result)"
    )
    assert told.text == "Work Work\nproved 1 True\n"
    told = kernel.run(f"[r.proved for r in await asyncio.gather(prove({COMM}, settings=settings))]")
    assert told.text == "[True]\n"


def test_an_error_is_shown_where_the_call_was_made(kernel: Kernel) -> None:
    error = kernel.run("prove('theorem t : foo = 1', settings=settings)").error
    assert error is not None
    assert "StatementError" in error and "1:12: error: Unknown identifier `foo`" in error
    assert "work.py" not in error
    error = kernel.run("await prove('theorem t : foo = 1', settings=settings)").error
    assert error is not None and "1:12: error: Unknown identifier `foo`" in error


def test_an_interrupted_search_keeps_its_graph(kernel: Kernel, resident: Resident) -> None:
    kernel.run(f"prove({COMM}, settings=settings)")  # its engine is there
    before = engine_status(resident)["engines"]
    outputs = kernel.end(
        kernel.begin(
            f"result = prove({HARD})\nprint(result.outcome, len(result.graphs[0]['nodes']))"
        ),
        is_searching,
        kernel.interrupt,
    )
    assert outputs.error is None
    outcome, nodes = outputs.text.splitlines()[-1].split()
    assert outcome == "gave_up" and int(nodes) > 1
    assert "hard: gave_up" in outputs.bundles[0]["text/plain"]  # what is left of the bar
    after = settled(resident)["engines"]
    workers = [e["workers"] for e in before]  # those that nobody uses may have ended meanwhile
    assert after and all(e["workers"] in workers for e in after)
    assert "interrupted" in kernel.run("result.reason").text
    assert "proved" in kernel.run(f"str(prove({COMM}, settings=settings).outcome)").text


def test_a_cell_is_interrupted_at_any_moment(kernel: Kernel, resident: Resident) -> None:
    code = (
        f"try:\n    print(prove({HARD}).outcome)\nexcept KeyboardInterrupt:\n    print('stopped')"
    )
    for delay in (0.0, 0.03, 0.1, 0.5):
        request = kernel.begin(f"print('begun')\n{code}")
        outputs = kernel.end(
            request,
            lambda o: "begun" in o.text,
            lambda d=delay: (time.sleep(d), kernel.interrupt()),
        )
        assert outputs.error is None, outputs.error
        assert outputs.text.split()[1] in ("gave_up", "stopped")
    settled(resident)
    assert "proved" in kernel.run(f"str(prove({COMM}, settings=settings).outcome)").text


def test_an_awaited_search_is_interrupted_too(kernel: Kernel, resident: Resident) -> None:
    code = f"async def search():\n    global result\n    result = prove({HARD})\n    await result\n"
    request = kernel.begin(f"{code}await search()")
    outputs = kernel.end(request, is_searching, kernel.interrupt)
    assert outputs.error is not None
    assert kernel.run("str(result.outcome)").text == "'gave_up'\n"
    settled(resident)


def test_what_a_click_asks(kernel: Kernel) -> None:
    """The messages of the browser, as it sends them."""
    kernel.run(
        'deep = prove("theorem d (p q r : Prop) (h : p ∧ q) (k : r) : (q ∧ p) ∧ ∃ n : Nat, n = 3", '
        "settings=settings, budget=1, options=Options(refute=False, discover=False))\n"
        "tree = deep.tree()"
    )
    model = kernel.run("print(tree.model_id)").text.strip()

    def answer(**asked: Any) -> Any:
        kernel.custom(model, asked)
        wait = "import time\nwhile tree.answer in ('', '…') or not steering._work.done:\n    time.sleep(0.05)\n"
        told = kernel.run(f"steering = deep._steering\n{wait}print(repr(tree.answer))")
        return eval(told.text)

    assert answer(do="run", goal="g0", tactic="foo").startswith("foo fails: ")
    left = answer(do="run", goal="g0", tactic="apply And.intro")
    assert left.startswith("apply And.intro leaves\n\n") and "⊢ q ∧ p" in left
    goal = re.findall(r"^g\d+$", left, re.MULTILINE)
    assert "simp_all" in answer(do="suggest", goal=goal[0])["tactics"]
    assert " : " in answer(do="premises", goal=goal[0])
    coupled = answer(do="run", goal=goal[1], tactic="constructor")
    (last,) = re.findall(r"^g\d+$", coupled, re.MULTILINE)
    assert "share a variable" in answer(do="prove", goal=last)
    proved = answer(do="prove", goal=goal[1])
    assert "proved d ·" in proved
    assert "\n  · sorry" not in proved and "\n  · " in proved
    assert kernel.run("print(deep.resumed.proved, tree.graph['nodes'][0]['status'])").text == (
        "True proved\n"
    )


def test_a_tree_is_asked_from_python(kernel: Kernel) -> None:
    kernel.run('deep = prove("theorem d (p q : Prop) (h : p) (k : q) : q ∧ p", settings=settings)')
    left = kernel.run("print(deep.ask('g0', 'run', 'apply And.intro'))").text
    goal = re.findall(r"^g\d+$", left, re.MULTILINE)[0]
    told = kernel.run(f"print(deep.ask({goal!r}, 'premises'))").text
    assert told == "no theorem was found that may help\n"  # `q` is a variable
    assert kernel.run(f"print(deep.ask({goal!r}, 'prove').proved)").text == "True\n"
    for asked, says in (("'g99', 'run', 'rfl'", "no goal g99"), ("'g0', 'dance'", "can be asked")):
        error = kernel.run(f"deep.ask({asked})").error
        assert error is not None and says in error


def test_two_notebooks_share_an_engine_and_a_restart_ends_a_search(
    kernel: Kernel, resident: Resident, tmp_path: Path
) -> None:
    with Kernel(tmp_path, resident.environment) as other:
        other.run(BEGIN)
        assert other.run("%%lean\ndef shared := 1\n#eval shared").error is None
        assert "information: 2" in kernel.run("%%lean\ndef shared := 2\n#eval shared").text
        other.begin(f"prove({HARD})")
        for _ in range(300):
            if engine_status(resident)["queue"]["search"]["running"]:
                break
            time.sleep(0.1)
        assert "proved" in kernel.run(f"str(prove({COMM}, settings=settings).outcome)").text
        assert engine_status(resident)["queue"]["search"]["running"] == 1
        other.restart()
        settled(resident)
        other.run(BEGIN)
        error = other.run("%%lean\n#eval shared").error
        assert error is not None and "shared" in error  # a new notebook


def test_an_engine_that_died_is_started_again(own: Resident, lean: Lean, tmp_path: Path) -> None:
    own.start()
    with Kernel(tmp_path, own.environment) as kernel:
        kernel.run(BEGIN)
        kernel.run("%%lean\ndef kept := 6\n", "a")
        first = own.endpoint.pid
        os.kill(first, signal.SIGKILL)
        outputs = kernel.run("%%lean\n#eval kept * 7\n", "b")
        assert "information: 42" in outputs.text and outputs.error is None
        assert own.endpoint.pid != first
