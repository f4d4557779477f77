"""What others look at: verdicts, proofs and search trees as HTML that needs nothing else, documents
as HTML or Markdown, trees for other programs.

Plain data goes in and text comes out; what it holds may come from anybody, and is shown as text. A
*graph* is a search as a trace has it (`prover prove --trace`): the JSON that `Filled.trees` gives.
`tree.mjs` draws the same graphs while they grow.
"""

from prover.render.exports import joined, to_dot, to_graphml, to_networkx
from prover.render.html import notes_html, page, proof_html, verdict_html
from prover.render.tree import proof_steps, trace_page, tree_html

__all__ = [
    "joined",
    "notes_html",
    "page",
    "proof_html",
    "proof_steps",
    "to_dot",
    "to_graphml",
    "to_networkx",
    "trace_page",
    "tree_html",
    "verdict_html",
]
