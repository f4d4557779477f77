// The extension as it was built, with a stand-in for VS Code (`vscode.cjs`). `PROVER` is the path of the
// command.
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
const skip = process.env.PROVER ? false : "PROVER is not set";
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

test("the engine that runs is seen", { skip }, async () => {
  editor.settings.command = process.env.PROVER;
  await editor.commands.get("prover.startEngine")();
  const [kind, message] = editor.messages.at(-1);
  assert.equal(kind, "information");
  assert.match(message, /an engine runs/);
  const [item] = editor.items;
  assert.equal(item.text, "$(check) Prover runs");
  assert.equal(item.backgroundColor, undefined);
});

const HARD = `def f : Nat → Nat
  | 0 => 1
  | n + 1 => f n * 3 + n
theorem hard (n m : Nat) : f (n + m) % 7 = f (m * 1 + n) % (3 + n - n + 4) + (m - n) * 0 := by
  sorry
`;

test("without Lean 4 it is the client of a server", { skip }, async () => {
  const uri = "file:///nowhere/A.lean";
  const document = { uri: { scheme: "file", toString: () => uri }, languageId: "lean4", version: 1, getText: () => HARD };
  editor.documents.push(document);
  editor.lean4 = false;
  editor.settings.command = process.env.PROVER;
  await editor.commands.get("prover.restartServer")();
  await until(() => editor.diagnosed.get(uri)?.length > 0);

  const [provider] = editor.providers;
  const never = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
  const there = { line: 4, character: 3 };
  const actions = await provider.provideCodeActions(document, { start: there, end: there }, { diagnostics: [] }, never);
  const prove = actions.find((action: { title: string }) => action.title === "Prove this goal");
  const resolved = provider.resolveCodeAction(prove, never);
  const [item] = editor.items;
  const before = editor.progress.length;
  await until(() => editor.progress.length > before);
  const shown = editor.progress.at(-1);
  assert.deepEqual([shown.title, shown.cancellable, shown.done], ["Prover: Prove this goal", true, false]);
  assert.equal(item.text, "$(sync~spin) Prover works on 1");
  assert.match(item.tooltip, /^Prove this goal/);
  shown.cancel();
  assert.equal((await resolved).edit, undefined);
  await until(() => shown.done);
  assert.doesNotMatch(item.text, /works on/);
});

test("the server ends when Lean 4 is there", { skip }, async () => {
  editor.lean4 = true;
  editor.extended.fire();
  await until(() => editor.providers.length === 0);
  await until(() => editor.items[0].tooltip.includes("The extension Lean 4 talks"));
  await editor.commands.get("prover.restartServer")();
  assert.match(editor.messages.at(-1)[1], /restart it there/);
});

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    assert.ok(Date.now() < end, `${holds}\n${editor.logged.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
