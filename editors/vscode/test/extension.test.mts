// The extension as it was built, with a stand-in for VS Code (`vscode.cjs`), beside the extension Lean 4.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { after, before, test } from "node:test";

registerHooks({
  resolve: (name, context, next) =>
    name === "vscode"
      ? { url: new URL("vscode.cjs", import.meta.url).href, format: "commonjs", shortCircuit: true }
      : next(name, context),
});
const contributed = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf-8"));
const extension = createRequire(import.meta.url)("../dist/extension.cjs");
const editor = (globalThis as any).standIn;
const subscriptions: { dispose(): void }[] = [];

before(async () => {
  editor.settings.command = "/nowhere/prover";
  await extension.activate({ subscriptions, extension: { packageJSON: contributed } });
});
after(async () => {
  await extension.deactivate();
  for (const one of subscriptions) one.dispose();
});

test("it has the commands that it says it has", () => {
  const said = contributed.contributes.commands.map((one: { command: string }) => one.command);
  assert.deepEqual([...editor.commands.keys()].sort(), said.sort());
});

test("the status bar says what is missing, and no server is started", () => {
  const [item] = editor.items;
  assert.equal(item.shown, true);
  assert.equal(item.text, "$(warning) Prover");
  assert.match(item.tooltip, /nowhere\/prover is not found: pip install/);
  assert.match(item.tooltip, /Lean 4 talks to Lean's server alone/);
  assert.ok(!editor.logged.some((line: string) => line.includes(" lsp")));
});

test("a command that fails is told", async () => {
  await editor.commands.get("prover.startEngine")();
  const [kind, message] = editor.messages.at(-1);
  assert.equal(kind, "error");
  assert.match(message, /nowhere\/prover is not found/);
});

test("the engine that runs is seen", { skip: process.env.PROVER ? false : "PROVER is not set" }, async () => {
  editor.settings.command = process.env.PROVER;
  await editor.commands.get("prover.startEngine")();
  const [kind, message] = editor.messages.at(-1);
  assert.equal(kind, "information");
  assert.match(message, /an engine runs/);
  const [item] = editor.items;
  assert.equal(item.text, "$(check) Prover runs");
  assert.equal(item.backgroundColor, undefined);
});

test("own", async () => {
  editor.lean4 = false;
  editor.settings.command = process.env.PROVER ?? "/nowhere/prover";
  await editor.commands.get("prover.restartServer")();
  console.log(editor.logged, editor.messages);
});
