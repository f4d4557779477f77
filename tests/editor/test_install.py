import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.editor.install import BIN, SETTING
from prover.editor.jsonc import NotJson, parse, with_first, without
from tests.command import command
from tests.editor.talk import SERVER, Talk
from tests.editor.traffic import INITIALIZE, INITIALIZE_ID, INITIALIZED, message

WITH_COMMENTS = """// of the whole team
{
  "editor.tabSize": 2, // two
  /* "lean4.envPathExtensions": ["not this one"], */
  "lean4.envPathExtensions": [
    "~/tools", // mine
  ],
  "files.exclude": {"**/.lake": true}
}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n    "n": ["x"]\n}\n'),
        ("// nothing\n", '// nothing\n{\n    "n": ["x"]\n}\n'),
        ("{}", '{\n    "n": ["x"]\n}'),
        ("{ /* empty */ }\n", '{ /* empty */\n    "n": ["x"]\n}\n'),
        ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"n": ["x"]\n}'),
        ('{\r\n  "a": 1, // b\r\n}', '{\r\n  "a": 1,\r\n  "n": ["x"] // b\r\n}'),
        ('{"a": 1}', '{"a": 1, "n": ["x"]}'),
        ('{"n": []}', '{"n": ["x"]}'),
        ('{"n": [ "y", ]}', '{"n": ["x",  "y", ]}'),
        ('{"n": ["y", "x"]}', '{"n": ["y", "x"]}'),
    ],
)
def test_settings_are_added_to(before: str, after: str) -> None:
    assert with_first(before, "n", "x") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"n": ["x"]}', "{}"),
        ('{"n": ["x"], "a": 1}', '{"a": 1}'),
        ('{"a": 1, "n": ["x"]}', '{"a": 1}'),
        ('{"a": 1, "n": ["x"],}', '{"a": 1,}'),
        ('{"a": 1, // one\n "n": ["x", "y"]}', '{"a": 1, // one\n "n": ["y"]}'),
        ('{"n": ["y", /* z */ "x"]}', '{"n": ["y" /* z */]}'),
        ('{"n": ["x"], // mine\n "a": 1}', '{// mine\n "a": 1}'),
        ('{"n": "x"}', '{"n": "x"}'),
        ("[]", "[]"),
    ],
)
def test_settings_are_taken_out(before: str, after: str) -> None:
    assert without(before, "n", "x") == after


@pytest.mark.parametrize(
    "bad",
    ["{", "[1", '{"a" 1}', "{1: 2}", '{"a": 1 "b": 2}', "{,}", "{} {}", "nul", '{"a": }', "{]"],
)
def test_what_is_no_json_is_refused(bad: str) -> None:
    with pytest.raises(NotJson, match=r"line 1, column \d"):
        parse(bad)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), VALUES), st.sampled_from([None, 2, "\t"]))
def test_only_ours_changes(settings: dict[str, object], indent: int | str | None) -> None:
    text = json.dumps(settings, indent=indent, ensure_ascii=False)
    assert parse(text).value == settings
    if "n" in settings and not isinstance(settings["n"], list):
        return
    more = with_first(text, "n", "x!")
    before = settings.get("n", [])
    assert isinstance(before, list)
    had = [*before]
    assert json.loads(more) == {**settings, "n": ["x!", *had]}
    less = json.loads(without(more, "n", "x!"))
    assert less == {key: value for key, value in settings.items() if key != "n" or had}


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "lakefile.toml").write_text('name = "project"\n')
    return folder


@pytest.mark.parametrize("before", [None, b"", WITH_COMMENTS.encode(), WITH_COMMENTS.encode()[:-1]])
def test_vscode_and_back(project: Path, before: bytes | None) -> None:
    settings = project / ".vscode" / "settings.json"
    if before is not None:
        settings.parent.mkdir()
        settings.write_bytes(before)
    for _ in range(2):  # a second time changes nothing
        assert command("editor", "install", "vscode").code == 0
    now = settings.read_text()
    assert parse(now).value[SETTING][0] == BIN
    if before == WITH_COMMENTS.encode():
        assert now == WITH_COMMENTS.replace(
            'Extensions": [\n    "~', f'Extensions": ["{BIN}", \n    "~'
        )
    assert (project / ".prover" / ".gitignore").read_text() == "*\n"
    assert command("editor", "install", "vscode", "--undo").code == 0
    assert not (project / ".prover").exists()
    assert (settings.read_bytes() if settings.exists() else None) == before
    assert settings.parent.exists() == (before is not None)
    again = command("editor", "install", "vscode", "--undo")
    assert again.code == 2 and "nothing of ours" in again.err


def test_what_changed_since_stays(project: Path) -> None:
    settings = project / ".vscode" / "settings.json"
    command("editor", "install", "vscode")
    settings.write_text(settings.read_text().replace("{\n", '{\n    "mine": 1, // new\n', 1))
    done = command("editor", "install", "vscode", "--undo")
    assert "the rest is as it was" in done.err
    assert settings.read_text() == '{\n    "mine": 1 // new\n}\n'


def test_git_sees_only_the_setting(project: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    command("editor", "install", "vscode")
    seen = subprocess.run(
        [*git, "status", "--short", "-uall"], check=True, capture_output=True, text=True
    )
    assert seen.stdout.split() == ["??", ".vscode/settings.json", "??", "lakefile.toml"]


def test_what_cannot_be_set_up(folder: Path) -> None:
    done = command("editor", "install", "vscode", str(folder))
    assert done.code == 2 and "no Lake project" in done.err
    (folder / "lakefile.lean").write_text("")
    (folder / ".vscode").mkdir()
    (folder / ".vscode" / "settings.json").write_text('{"a": 1,\n "b"}')
    done = command("editor", "install", "vscode")
    assert done.code == 2 and "line 2, column 5" in done.err and SETTING in done.err
    (folder / ".vscode" / "settings.json").write_text(f'{{"{SETTING}": "x"}}')
    assert "is no list" in command("editor", "install", "vscode").err
    assert not (folder / ".prover").exists()
    (folder / ".vscode" / "settings.json").unlink()
    (folder / ".prover").write_text("a file in the way")
    done = command("editor", "install", "vscode")
    assert done.code == 2 and "cannot write" in done.err
    assert command("editor", "install", "emacs", "--undo").code == 2


def real_lake(folder: Path, body: str = 'echo "real $PATH:" "$@"; exit 7') -> Path:
    folder.mkdir()
    (folder / "lake").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "lake").chmod(0o755)
    return folder


def test_all_but_serve_goes_to_the_real_lake(project: Path) -> None:
    command("editor", "install", "vscode")
    here = real_lake(project / "real bin *")
    other = project / "other" / ".prover" / "bin"
    other.mkdir(parents=True)
    (other / "lake").write_text("#!/bin/sh\nexit 99\n")
    (other / "lake").chmod(0o755)
    shim = project / BIN
    path = os.pathsep.join([str(shim), str(other), BIN, str(here), "/usr/bin", "/bin"])
    for arguments in (
        ["--version"],
        ["+stable", "env"],
        ["build", "a b", "*"],
        ["env", "lean"],
        [],
    ):
        done = subprocess.run(
            ["lake", *arguments], env={"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 7 and done.stderr == ""
        assert done.stdout.rstrip("\n") == " ".join([f"real {here}:/usr/bin:/bin:", *arguments])
    behind = {"PATH": path, "PROVER_PROXY": "1"}  # a proxy started this
    done = subprocess.run(
        ["lake", "serve"], env=behind, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7 and done.stdout.endswith(": serve\n")
    lost = {"PATH": f"{shim}:/usr/bin:/bin", "HOME": str(project)}
    done = subprocess.run(["lake", "env"], env=lost, capture_output=True, text=True, check=False)
    assert done.returncode == 127 and "elan" in done.stderr


@pytest.mark.parametrize("before", [[], ["+leanprover/lean4:v4.28.0"]])
def test_lake_serve_is_the_proxy(project: Path, before: list[str]) -> None:
    command("editor", "install", "vscode")
    said = project / "scene" / "said"
    said.mkdir(parents=True)
    plain = message(INITIALIZED).replace(b'"resolveProvider":true,"codeAction', b'"codeAction')
    body = plain.split(b"\r\n\r\n", 1)[1]
    (said / "1").write_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    here = real_lake(project / "real", f'exec "{sys.executable}" "{SERVER}" "{project}/scene" "$@"')
    path = os.pathsep.join([str(project / BIN), str(here), "/usr/bin", "/bin"])
    environment = {**os.environ, "PATH": path}
    arguments = [*before, "serve", "--", str(project), "-DmaxHeartbeats=1"]
    with Talk([str(project / BIN / "lake"), *arguments], env=environment) as talk:
        talk.say(INITIALIZE)
        answer = talk.answer(INITIALIZE_ID)
        assert answer["result"]["capabilities"]["codeActionProvider"]["resolveProvider"] is True
        assert talk.end() == 0
    assert talk.errors == b""
    started = json.loads((project / "scene" / "started").read_text())
    assert started["arguments"] == arguments
    assert BIN not in started["path"]


def test_neovim_and_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    plugin = folder / "config" / "nvim" / "plugin" / "prover.lua"
    assert command("editor", "install", "neovim").code == 0
    assert f"[[{sys.executable}]]" in plugin.read_text()
    assert command("editor", "install", "neovim", "--undo").code == 0
    assert not plugin.exists()
    assert command("editor", "install", "neovim", "--undo").code == 2


def test_helix_lines_are_toml() -> None:
    import tomllib

    done = command("editor", "install", "helix")
    server = tomllib.loads(done.out)["language-server"]["lean"]
    assert [server["command"], *server["args"]] == [sys.executable, "-P", "-m", "prover", "lsp"]
