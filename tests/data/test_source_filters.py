import json
import re
from pathlib import Path

import networkx
import pytest

from prover.data.source_filters import PYTHON_PACKAGES, notebook_to_markdown, rejection

ROOT = Path(__file__).parents[2]
LATEX = r"\section{Groups} Let $G$ be a group. We say that the order of an element is finite."
FRANCAIS = (
    r"\section{Groupes} Soit $G$ un groupe. On dit que son ordre est fini si $G$ a peu de choses."
)
DEUTSCH = r"\section{Gruppen} Sei $G$ eine Gruppe. Die Ordnung eines Elements heißt endlich, wenn es so ist."


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("agda", "module A where", None),
        ("agda", " \n", "blank"),
        ("agda", "1 2 3 4 5 x", "mostly digits"),
        ("agda", "123 abc", None),  # exactly half
        ("agda", "a" * 1_048_576, "too large"),
        ("cpp", "#include <Eigen/Dense>\nint x = 1;", None),
        ("cpp", "#include <Eigen/Dense>\nint x[] = {1, 2, 3, 4, 5};", "mostly digits"),
        ("cpp", "#include <vector>\n", "no scientific header"),
        ("c", "#include <rfftw.h>\n", None),
        ("c", "#include <fftw3.h>\n", None),
        ("c", "#include <stdio.h>\n", "no scientific header"),
        ("coq", "Definition f := 1.", None),
        ("coq", "module m; assign a = b; endmodule", "no Coq keyword"),
        ("coq", "module Proof; endmodule", "Verilog keyword"),
        ("coq", "(* This file was automatically generated *) Definition f := 1.", "generated"),
        ("fortran", "      PROGRAM A", None),
        ("gap", "a := Group((1,2));", None),
        ("haskell", "import qualified Data.Complex as C", None),
        ("haskell", "import Data.List", "no scientific import"),
        ("hol-light", "let TH = prove(`!x. x = x`, REWRITE_TAC[]);;", None),
        ("hol-light", "let rec f x = f (x - 1)", "no theorem"),
        ("idris", "module Main", None),
        ("isabelle", "lemma x: True", None),
        ("isabelle", "definition x", "no theorem"),
        ("julia", "f(x) = x", None),
        ("julia", '{"a": 1}', "not source code"),
        ("julia", "a = b\n" * 20_000, "large and no test"),
        ("julia", "@test a == b\n" * 10_000, None),
        ("lean", "theorem x : True := trivial", None),
        ("lean", "def x := 1", "no theorem"),
        ("maple", "f := x -> x", None),
        ("maple", "<?xml version", "not source code"),
        ("maple", "a" * 100_001, "too large"),
        ("matlab", "x = y';", None),
        ("matlab", "@interface A", "Objective-C keyword"),
        ("matlab", "#include <a>", "C keyword"),
        ("python", "from sympy import x", None),
        ("python", "import os", "no scientific import"),
        ("python", ' {"import numpy": 1}', "not source code"),
        ("r", "x <- y", None),
        ("r", "/* Resource fork */", "resource fork"),
        ("r", "Requirement {\n Identifier", "reference design"),
        ("r", "{x}", "not source code"),
        ("tex", LATEX, None),
        ("tex", FRANCAIS, "not English"),
        ("tex", DEUTSCH, "not English"),
        ("tex", LATEX + " gnuplot", "gnuplot"),
        ("tex", "Let the a of b.", "no section"),
    ],
)
def test_each_language_has_its_filter(language: str, text: str, reason: str | None) -> None:
    assert rejection(language, text) == reason


def test_the_place_of_a_file_counts() -> None:
    lean = "theorem x : True := trivial"
    assert rejection("lean", lean, "_target/deps/m/a.lean") == "dependency"
    assert rejection("lean", lean, ".lake/packages/m/a.lean") == "dependency"
    assert rejection("lean", lean, "a.lean", "facebook/miniF2F") == "benchmark repository"
    assert rejection("isabelle", "lemma x", "a.thy", "x/mirror-afp-2021") is not None
    assert rejection("isabelle", "lemma x", "a.thy", "x/mirror-afp-devel") is None
    assert rejection("tex", LATEX, "doc/latex/a.tex") == "generated"


def test_real_files_are_judged() -> None:
    gym = (ROOT / "lean_project" / "Gym.lean").read_text()
    assert rejection("lean", gym) is None
    assert rejection("lean", re.split("theorem |example ", gym)[0]) == "no theorem"
    algorithms = Path(networkx.__file__).parent / "algorithms"
    assert rejection("python", (algorithms / "clique.py").read_text()) is None
    assert (
        rejection("python", (ROOT / "search" / "budget.py").read_text()) == "no scientific import"
    )
    assert len(PYTHON_PACKAGES) == 17


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# Sums\n", "\\begin{equation}x\\end{equation}"]},
        {
            "cell_type": "code",
            "source": "1 + 1",
            "outputs": [{"output_type": "execute_result", "data": {"text/plain": ["2"]}}],
        },
        {
            "cell_type": "code",
            "source": "plot()",
            "outputs": [
                {"output_type": "stream", "text": ["drawing\n"]},
                {"output_type": "display_data", "data": {"image/png": "iVBOR", "text/plain": "F"}},
            ],
        },
        {"cell_type": "code", "source": "1/0", "outputs": [{"traceback": ["no"], "ename": "Z"}]},
        {"cell_type": "markdown", "source": "see ![a plot](x.png) <img src='y'> here"},
    ],
    "metadata": {},
}


def test_a_notebook_becomes_markdown_without_its_pictures() -> None:
    assert notebook_to_markdown(json.dumps(NOTEBOOK)) == (
        "# Sums\n\\begin{equation}x\\end{equation}\n\n"
        "```python\n1 + 1\n```\n\n    2\n\n"
        "```python\nplot()\n```\n\n```python\n1/0\n```\n\nsee   here\n"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(NOTEBOOK), None),
        (json.dumps({"cells": []}), "no mathematics"),
        ("import sympy", "not a notebook"),
        ('{"cells": "import sympy"}', "not a notebook"),
    ],
)
def test_notebooks_have_mathematics_or_go(text: str, reason: str | None) -> None:
    assert rejection("jupyter-notebook", text) == reason
