"""The arithmetic of docs/scale.md, evaluated, and its programs, compiled."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs" / "scale.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
EQUATIONS = [span.split(" = ") for span in re.findall(r"`([^`]+ = [^`]+)`", PROSE)]


@pytest.mark.parametrize(("left", "right"), EQUATIONS)
def test_an_equation_holds_to_the_digits_that_are_written(left: str, right: str) -> None:
    value = eval(left.replace("×", "*").replace("÷", "/"), {"__builtins__": {}})
    digits = len(right.partition(".")[2])
    assert value == pytest.approx(float(right), abs=0.6 * 10**-digits)


def test_its_programs_are_python() -> None:
    assert len(PROGRAMS) == 3
    for program in PROGRAMS:
        compile(program, "scale.md", "exec")
