// The JSON-RPC layer of VS Code's language client, as an editor: it opens a file, takes the action
// "Prove this goal" at its first `sorry`, and prints what happened as JSON.
//
//   node vscode.cjs PACKAGES FILE COMMAND...
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");

const [packages, file, ...command] = process.argv.slice(2);
const lsp = createRequire(`${packages}/`)("vscode-languageserver-protocol/node");

async function main() {
  const server = spawn(command[0], command.slice(1), { stdio: "pipe" });
  let errors = "";
  server.stderr.on("data", (data) => (errors += data));
  const ended = new Promise((resolve) => server.on("exit", (code) => resolve(code)));
  const connection = lsp.createProtocolConnection(
    new lsp.StreamMessageReader(server.stdout),
    new lsp.StreamMessageWriter(server.stdin),
  );
  const faults = [];
  const seen = [];
  connection.onError(([error]) => faults.push(String(error)));
  connection.onUnhandledNotification((message) => seen.push(message.method));
  connection.onRequest("window/workDoneProgress/create", () => null);
  connection.onRequest((method) => (seen.push(method), null));
  const diagnosed = new Promise((resolve) => {
    connection.onNotification("textDocument/publishDiagnostics", (params) => {
      if (params.diagnostics.length > 0) resolve(params.diagnostics);
    });
  });
  connection.listen();
  const begun = await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: { codeAction: { resolveSupport: { properties: ["edit"] } } },
      window: { workDoneProgress: true },
      lean: { incrementalDiagnosticSupport: true, silentDiagnosticSupport: true, rpcWireFormat: "v1" },
    },
    initializationOptions: { hasWidgets: true },
  });
  await connection.sendNotification("initialized", {});
  const text = readFileSync(file, "utf-8");
  const uri = pathToFileURL(file).href;
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "lean4", version: 1, text },
  });
  const diagnostics = await diagnosed;
  const before = text.slice(0, text.indexOf("sorry")).split("\n");
  const position = { line: before.length - 1, character: before.at(-1).length };
  const actions = await connection.sendRequest("textDocument/codeAction", {
    textDocument: { uri },
    range: { start: position, end: position },
    context: { diagnostics },
  });
  const chosen = actions.findLast((action) => action.title === "Prove this goal");
  const resolved = await connection.sendRequest("codeAction/resolve", chosen);
  const cancelled = new lsp.CancellationTokenSource();
  const explain = actions.findLast((action) => action.title === "Explain why not");
  const answer = connection.sendRequest("codeAction/resolve", explain, cancelled.token);
  cancelled.cancel();
  const error = await answer.then(() => 0, (error) => error.code);
  await connection.sendRequest("shutdown");
  await connection.sendNotification("exit");
  const code = await ended;
  console.log(JSON.stringify({ begun, actions, resolved, error, code, errors, faults, seen }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
