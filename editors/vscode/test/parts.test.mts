// What needs no VS Code.
import assert from "node:assert/strict";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NotRun, run } from "../src/process.mts";
import { chosenMode, proverCommand, serverCommand, serverFolder } from "../src/server.mts";
import { Works, readStatus, shown } from "../src/status.mts";
import type { Seen } from "../src/status.mts";

const SETTINGS = { command: "prover", lean: "auto", model: "auto" };
const ENGINE = {
  pid: 7,
  socket: "/run/engine.sock",
  log: "/run/engine.log",
  engines: [
    { lean: "4.28.0", model: "small", workers: [8, 9] },
    { lean: "4.29.0", model: null, workers: [] },
  ],
  queue: { heavy: { running: 1, waiting: 3 }, quick: { running: 1, waiting: 0 } },
};
const SEEN: Seen = { mode: "own", engines: [], fault: undefined, works: [] };

const files = (...paths: string[]) => (path: string): boolean => paths.includes(path);

test("the server's defaults are left to it", () => {
  assert.deepEqual(serverCommand(SETTINGS, undefined), { command: "prover", args: ["lsp"] });
  assert.deepEqual(serverCommand({ command: " ", lean: "", model: " " }, undefined), serverCommand(SETTINGS, undefined));
});

test("settings become options, each one word", () => {
  const settings = { command: "prover", lean: "/my lean", model: "hf:a/b" };
  assert.deepEqual(serverCommand(settings, undefined).args, ["lsp", "--lean", "/my lean", "--model", "hf:a/b"]);
});

test("the command can be in the workspace or at home", () => {
  const command = (given: string): string => proverCommand({ ...SETTINGS, command: given }, "/my work").command;
  assert.equal(command("${workspaceFolder}/.venv/bin/prover"), "/my work/.venv/bin/prover");
  assert.equal(command("~/bin/prover"), join(homedir(), "bin/prover"));
  assert.equal(command("~prover"), "~prover");
});

test("the server runs in the Lake project, which may begin above a folder", () => {
  const folder = (file: string | undefined, lake: string, ...folders: string[]): string =>
    serverFolder(folders, file, files(lake));
  assert.equal(folder(undefined, "/b/lakefile.toml", "/a", "/b"), "/b");
  assert.equal(folder(undefined, "/b/lakefile.lean", "/a", "/b/c/d"), "/b/c/d");
  assert.equal(folder("/x/A.lean", "/x/lakefile.toml", "/a", "/b"), "/a");
  assert.equal(folder("/x/A.lean", "/nowhere"), "/x");
  assert.equal(folder(undefined, "/nowhere"), homedir());
});

test("a file has one server: none of ours beside the extension Lean 4", () => {
  const lake = join("/b", ".prover", "bin", "lake");
  assert.equal(chosenMode(false, ["/a", "/b"], files(lake)), "own");
  assert.equal(chosenMode(true, ["/a", "/b"], files(lake)), "lean4");
  assert.equal(chosenMode(true, ["/a"], files(lake)), "lean4 alone");
});

test("a status is read", () => {
  const [engine] = readStatus(JSON.stringify([ENGINE]));
  assert.deepEqual(engine, {
    pid: 7,
    running: 2,
    waiting: 3,
    leans: ["Lean 4.28.0, small", "Lean 4.29.0, no model"],
    log: "/run/engine.log",
  });
  assert.deepEqual(readStatus("[]\n"), []);
});

test("what is no status is told as it is", () => {
  for (const wrong of ["", "{}", "Traceback", "[1]", '[{"queue":{"heavy":{}},"engines":[]}]']) {
const told = (error: Error): boolean => error.message.endsWith(`no status: ${JSON.stringify(wrong)}`);
    assert.throws(() => readStatus(wrong), told);
  }
  assert.throws(() => readStatus("x".repeat(10_000)), (error: Error) => error.message.length < 300);
});

test("the status bar says whether the engine runs", () => {
  assert.match(shown(SEEN).text, /Prover is off/);
  assert.match(shown({ ...SEEN, engines: undefined }).text, /Prover$/);
  const idle = { ...ENGINE, queue: { heavy: { running: 0, waiting: 0 } } };
  const runs = shown({ ...SEEN, engines: readStatus(JSON.stringify([idle])) });
  assert.match(runs.text, /Prover runs/);
  assert.match(runs.tooltip, /process 7\nLean 4\.28\.0, small/);
});

test("the status bar counts what is worked on", () => {
  const engines = readStatus(JSON.stringify([ENGINE]));
  const busy = shown({ ...SEEN, engines });
  assert.match(busy.text, /works on 2$/);
  assert.match(busy.tooltip, /3 requests wait/);
  assert.match(shown({ ...SEEN, works: ["Prove this goal"] }).text, /works on 1$/);
  assert.match(shown({ ...SEEN, engines, works: ["a", "b", "c"] }).text, /works on 3$/);
});

test("a fault comes first", () => {
  const { text, tooltip, warning } = shown({ ...SEEN, engines: undefined, fault: "not found", works: ["a"] });
  assert.deepEqual([text, warning], ["$(warning) Prover", true]);
  assert.match(tooltip, /^not found\n/);
});

test("works begin, go on and end", () => {
  const works = new Works();
  works.take("a", { kind: "begin", title: "Prove this goal", message: "" });
  works.take(1, { kind: "begin", title: "Explain why not" });
  works.take("a", { kind: "report", message: "t: 3 tactics" });
  works.take("a", { kind: "report" });
  works.take("unknown", { kind: "report", message: "x" });
  assert.deepEqual(works.lines, ["Prove this goal: t: 3 tactics", "Explain why not"]);
  works.take("a", { kind: "end" });
  assert.deepEqual(works.lines, ["Explain why not"]);
  works.clear();
  assert.deepEqual(works.lines, []);
});

test("a command is run to its end, whatever its exit code", async () => {
  const node = (script: string) => ({ command: process.execPath, args: ["-e", script] });
  const done = await run(node("console.log('a'); console.error('b'); process.exitCode = 3"), tmpdir(), 60_000);
  assert.deepEqual(done, { code: 3, out: "a\n", err: "b\n" });
  await assert.rejects(run(node("setInterval(() => {}, 1000)"), tmpdir(), 300), (error: Error) => {
    return error instanceof NotRun && /took over 0.3 s/.test(error.message);
  });
});

test("a command that is not there is told with what to do", async () => {
  const line = { command: "/nowhere/prover", args: [] };
  await assert.rejects(run(line, tmpdir(), 1000), /\/nowhere\/prover is not found: pip install .* prover\.command/);
  await assert.rejects(run({ ...line, command: process.execPath }, "/nowhere", 1000), /folder \/nowhere is not there/);
});
