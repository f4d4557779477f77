// The JSON-RPC layer of VS Code's language client with the server that the extension starts. `PROVER` is
// the path of the command.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as lsp from "vscode-languageserver-protocol/node";
import { run } from "../src/process.mts";
import { proverCommand, serverCommand } from "../src/server.mts";
import { readStatus } from "../src/status.mts";

const prover = process.env.PROVER;
const settings = { command: prover ?? "", lean: "embedded", model: "none" };
const text = "theorem t (n : Nat) : n + 0 = n := by\n  sorry\n#check (1 : String)\n";

test("prover lsp tells what is wrong with a text", { skip: prover ? false : "PROVER is not set" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "prover-"));
  const { command, args } = serverCommand(settings, undefined);
  const server = spawn(command, args, { cwd: folder });
  const ended = once(server, "exit");
  try {
    const connection = lsp.createProtocolConnection(
      new lsp.StreamMessageReader(server.stdout),
      new lsp.StreamMessageWriter(server.stdin),
    );
    connection.onUnhandledNotification(() => {});
    connection.listen();
    const capabilities = { textDocument: { codeAction: { resolveSupport: { properties: ["edit"] } } } };
    const begun = await connection.sendRequest(lsp.InitializeRequest.type, { processId: process.pid, rootUri: null, capabilities });
    assert.deepEqual(begun.capabilities.codeActionProvider, { codeActionKinds: ["quickfix"], resolveProvider: true });
    await connection.sendNotification(lsp.InitializedNotification.type, {});
    const diagnosed = new Promise<lsp.Diagnostic[]>((resolve) => {
      connection.onNotification(lsp.PublishDiagnosticsNotification.type, ({ diagnostics }) => {
        if (diagnostics.length > 1) resolve(diagnostics);
      });
    });
    const uri = pathToFileURL(join(folder, "A.lean")).href;
    const textDocument = { uri, languageId: "lean4", version: 1, text };
    await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, { textDocument });
    const [hole, wrong] = await diagnosed;
    assert.deepEqual([hole?.severity, hole?.range.start.line], [lsp.DiagnosticSeverity.Warning, 0]);
    assert.deepEqual([wrong?.severity, wrong?.range.start.line], [lsp.DiagnosticSeverity.Error, 2]);
    const there = { line: 1, character: 3 };
    const actions = await connection.sendRequest(lsp.CodeActionRequest.type, {
      textDocument: { uri },
      range: { start: there, end: there },
      context: { diagnostics: [] },
    });
    assert.equal(actions?.[0]?.title, "Prove this goal");
    await connection.sendRequest(lsp.ShutdownRequest.type);
    await connection.sendNotification(lsp.ExitNotification.type);
    assert.deepEqual(await ended, [0, null]);
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
});

test("prover engine status tells of the engine", { skip: prover ? false : "PROVER is not set" }, async () => {
  const line = proverCommand(settings, undefined, "engine", "status", "--json");
  const { code, out } = await run(line, tmpdir(), 60_000);
  assert.equal(code, 0);
  const [engine] = readStatus(out);
  assert.ok(engine?.leans.some((lean) => /^Lean .*, no model$/.test(lean)));
  assert.match(engine?.log ?? "", /engine\.log$/);
});
