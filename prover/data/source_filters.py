"""Llemma's filters for source code, one language at a time, each rejection with its reason.

They follow `proof_pile_2/algebraic_stack/process_stack.py` and `process_github.py` of
EleutherAI/math-lm, without their slips (two keywords glued by a missing comma, a division by zero
for blank files). Where the corpus came from two sources with two filters, both are applied. TeX
must be English: by its function words, where Llemma used a language identifier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

MAX_BYTES = 1_048_575
MAX_DIGITS = 0.5
LARGE_JULIA_BYTES = 100_000
LEAST_ENGLISH = 0.05
"""The least share of English function words among the words of a TeX file, commands included."""

PYTHON_PACKAGES = (
    *("numpy", "scipy", "sympy", "sage", "numba", "numexpr", "theano", "statsmodels", "networkx"),
    *("mpmath", "pymc3", "astropy", "cupy", "pycuda", "cvxpy", "pyomo", "jax"),
)
C_HEADERS = (
    *("fftw.h>", "fftw3.h>", "rfftw.h>", "gsl", "cblas.h>", "blas.h>", "lapacke.h>", "nlopt.h>"),
    "petsc.h>",
)
CPP_HEADERS = (
    *("adept_arrays.h>", "adept.h>", "alglib", "boost", "armadillo", "blitz", "Eigen", "deal.II"),
    *("dlib", "NTL", "mtl"),
)
HASKELL_MODULES = (
    *("Numeric.LinearAlgebra", "Numeric.SpecFunctions", "Numeric.Vector", "Statistics"),
    "Data.Complex",
)
COQ_WORDS = ("Theorem", "Proof", "Qed", "Inductive", "Definition", "Fixpoint")
VERILOG_WORDS = ("pragma", "endmodule", "posedge", "negedge", "wire")
SECTIONS = (
    *("\\chapter{", "\\chapter*{", "\\section{", "\\section*{", "\\subsection{"),
    *("\\subsection*{", "\\subsubsection{", "\\subsubsection*{", "\\paragraph{", "\\subparagraph{"),
)
ENGLISH = frozenset(
    ("the", "of", "and", "is", "that", "for", "with", "are", "be", "this", "it", "by", "which")
)


def rejection(language: str, text: str, path: str = "", repository: str = "") -> str | None:
    """Why Llemma's corpus would not hold this file, or `None` if it would.

    `text` is the file's content, for a notebook the JSON; `path` and `repository` say where it
    came from. A language without a filter of its own passes the common one, for size and digits.
    """
    if not text.strip():
        return "blank"
    limits = {"maple": 100_000, "tex": 10_000_000, "jupyter-notebook": 1 << 62}
    if len(text.encode("utf-8", "surrogatepass")) > limits.get(language, MAX_BYTES):
        return "too large"
    if language != "jupyter-notebook" and _digits(text) > (
        0.1 if language == "cpp" else MAX_DIGITS
    ):
        return "mostly digits"
    own = _OWN.get(language)
    return own(text, path, repository) if own else None


def notebook_to_markdown(text: str) -> str | None:
    """A Jupyter notebook as text, without images and tracebacks; `None` if it is not one."""
    try:
        notebook = json.loads(text)
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        parts = [_cell(cell, language) for cell in notebook["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    body = "\n\n".join(part for part in parts if part) + "\n"
    body = re.sub(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>", "", body)
    return re.sub(r"(?s)<(video|script|iframe).*?</\1>", "", body)


def _cell(cell: dict[str, object], language: str) -> str:
    source = _joined(cell["source"])
    if cell["cell_type"] != "code":
        return source
    parts = [f"```{language}\n{source}\n```"] if source else []
    outputs = cell.get("outputs")
    outputs = outputs if isinstance(outputs, list) else []
    if not any(
        "traceback" in output or "image/png" in output.get("data", {}) for output in outputs
    ):
        for output in outputs:
            plain = _joined(output.get("text") or output.get("data", {}).get("text/plain", ""))
            if plain:
                parts.append("\n".join(f"    {line}" for line in plain.rstrip().split("\n")))
    return "\n\n".join(parts)


def _joined(source: object) -> str:
    return "".join(source) if isinstance(source, list) else str(source)


def _digits(text: str) -> float:
    """Digits to characters that are not white space."""
    solid = re.sub(r"\s+", "", text)
    return sum(solid.count(digit) for digit in "0123456789") / max(1, len(solid))


def _coq(text: str, path: str, repository: str) -> str | None:
    if not any(word in text for word in COQ_WORDS):
        return "no Coq keyword"
    if any(word in text for word in VERILOG_WORDS):
        return "Verilog keyword"
    return "generated" if "This file was automatically generated" in text else None


def _lean(text: str, path: str, repository: str) -> str | None:
    if repository.rpartition("/")[2] in ("ProofNet", "miniF2F"):
        return "benchmark repository"
    if "_target/deps/" in path or ".lake/packages/" in path:
        return "dependency"
    return None if re.search("theorem |lemma |example ", text) else "no theorem"


def _hol_light(text: str, path: str, repository: str) -> str | None:
    return None if re.search(r"\bprove\b", text) and "`" in text else "no theorem"


def _isabelle(text: str, path: str, repository: str) -> str | None:
    if repository.rpartition("/")[2].startswith("mirror-afp-2"):
        return "old copy of the archive"
    return None if re.search("theorem |lemma ", text) else "no theorem"


def _python(text: str, path: str, repository: str) -> str | None:
    if text.lstrip().startswith("{"):
        return "not source code"
    found = any(f"import {name}" in text or f"from {name}" in text for name in PYTHON_PACKAGES)
    return None if found else "no scientific import"


def _c(text: str, path: str, repository: str) -> str | None:
    return _included(text, C_HEADERS)


def _cpp(text: str, path: str, repository: str) -> str | None:
    return _included(text, CPP_HEADERS)


def _included(text: str, headers: tuple[str, ...]) -> str | None:
    found = any(f"#include <{header}" in text for header in headers)
    return None if found else "no scientific header"


def _haskell(text: str, path: str, repository: str) -> str | None:
    names = "|".join(re.escape(name) for name in HASKELL_MODULES)
    return (
        None if re.search(rf"import\s+(qualified\s+)?({names})", text) else "no scientific import"
    )


def _julia(text: str, path: str, repository: str) -> str | None:
    if text[0] in "%{[":
        return "not source code"
    if len(text.encode()) >= LARGE_JULIA_BYTES:
        tests = text.count("@test") / (text.count("\n") + 1)
        return None if tests >= 0.1 else "large and no test"
    return None


def _r(text: str, path: str, repository: str) -> str | None:
    if "/* Resource fork" in text:
        return "resource fork"
    if re.search(r"Requirement\s+\{\s+Identifier", text):
        return "reference design"
    return "not source code" if text.startswith(("<?xml", "{")) else None


def _maple(text: str, path: str, repository: str) -> str | None:
    return "not source code" if text.startswith("<?xml") else None


def _matlab(text: str, path: str, repository: str) -> str | None:
    if any(word in text for word in ("#import", "@interface", "@implementation", "@property")):
        return "Objective-C keyword"
    return "C keyword" if "#include" in text or re.search(r" main\(.*{$", text) else None


def _tex(text: str, path: str, repository: str) -> str | None:
    if "latex/" in path:
        return "generated"
    if "gnuplot" in text:
        return "gnuplot"
    if not any(section in text for section in SECTIONS):
        return "no section"
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in ENGLISH for word in words) / max(1, len(words))
    return None if english >= LEAST_ENGLISH else "not English"


def _notebook(text: str, path: str, repository: str) -> str | None:
    lower = text.lower()
    wanted = ("\\begin{equation}", "\\begin{align}", "import sympy", "from sympy")
    if not any(word in lower for word in wanted):
        return "no mathematics"
    return None if notebook_to_markdown(text) else "not a notebook"


_OWN: dict[str, Callable[[str, str, str], str | None]] = {
    "c": _c,
    "coq": _coq,
    "cpp": _cpp,
    "haskell": _haskell,
    "hol-light": _hol_light,
    "isabelle": _isabelle,
    "julia": _julia,
    "jupyter-notebook": _notebook,
    "lean": _lean,
    "maple": _maple,
    "matlab": _matlab,
    "python": _python,
    "r": _r,
    "tex": _tex,
}
