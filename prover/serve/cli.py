"""`prover serve` and `prover engine`: the resident engine, started, looked at and ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from prover.errors import NOT_PROVED, WrongUse
from prover.interrupt import Interrupted, run_cancellable
from prover.terminal import LeanOption, err, out, print_json

app = typer.Typer(
    name="engine", no_args_is_help=True, help="The resident engine (see `prover serve`)."
)


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            help="Listen on this port of 127.0.0.1 too (0: a free one); requests need the token "
            "that `prover engine status --token` prints.",
            min=0,
            max=65_535,
        ),
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Start it in the background, if none runs.")
    ] = False,
    lean: LeanOption = "auto",
    resident: Annotated[bool, typer.Option("--resident", hidden=True)] = False,
) -> None:
    """Keep Lean and models warm for `prover prove`, editors and agents: the resident engine."""
    import asyncio

    from prover.serve import process
    from prover.serve.client import connect

    if background:
        if port is not None:
            raise WrongUse("--port is for an engine in the foreground")
        client = asyncio.run(connect(start=True))
        endpoint = asyncio.run(client.endpoint())
        err.print(f"an engine runs (pid {endpoint.pid}); log: {endpoint.log}")
        return

    def tell(line: str) -> None:
        if not resident:
            err.print(line, markup=False)

    patience = process.IDLE_SECONDS if resident else None
    try:
        run_cancellable(process.serve(port=port, lean=lean, patience=patience, tell=tell))
    except Interrupted:
        if not resident:
            raise


@app.command()
def status(
    token: Annotated[
        bool, typer.Option("--token", help="Print the token that its port wants, and nothing else.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """What runs. Exit code 1 if nothing does."""
    import asyncio

    from prover.serve import process
    from prover.serve.client import ask_all

    found = asyncio.run(ask_all("status", {}))
    own = [pair for pair in found if pair[0].build == process.build()]
    if token and own:
        print(own[0][0].token)
    elif as_json:
        print_json([{**asdict(endpoint), **answer} for endpoint, answer in found])
    elif not token:
        for endpoint, answer in found:
            other = "" if endpoint.build == process.build() else ", another version of the package"
            at = f" · http://127.0.0.1:{endpoint.port}" if endpoint.port else ""
            out.print(f"running · pid {endpoint.pid}{at} · {answer['uptime']:.0f} s{other}")
            for one in answer["engines"]:
                place = f" of {one['root']}" if one["root"] else f" ({one['kind']})"
                model = one["model"] or "no model"
                out.print(f"  Lean {one['lean']}{place}, {model}, {len(one['workers'])} processes")
            waits = {name: queue["waiting"] for name, queue in answer["queue"].items()}
            works = sum(queue["running"] for queue in answer["queue"].values())
            line = f"  {works} requests at work, {sum(waits.values())} waiting"
            out.print(f"{line}, {answer['sessions']} sessions")
            out.print(f"  log: {endpoint.log}")
    if not (own if token else found):
        err.print("no engine runs; `prover serve` starts one")
        raise typer.Exit(NOT_PROVED)


@app.command()
def stop() -> None:
    """End it, and what it works on."""
    import asyncio

    from prover.serve.client import stop_all

    stopped = asyncio.run(stop_all())
    err.print(f"stopped: pid {', '.join(map(str, stopped))}" if stopped else "no engine runs")
