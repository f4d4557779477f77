"""The prover for agents: a server of the Model Context Protocol (MCP) on standard input and output.

A tool is a request to the resident engine, which is started when it is first needed; no Lean and no
model is here, and nothing is written. What comes back is bounded: a long goal or text is shown with
its beginning and its end.
"""
