// A stand-in for VS Code, as far as the extension and its language client speak to it. What is not here
// is a class that keeps what it is given.
const { CancellationTokenSource } = require("vscode-languageserver-protocol/node");

const state = (globalThis.standIn = {
  version: "1.91.0",
  settings: { command: "", lean: "embedded", model: "none" },
  lean4: true,
  commands: new Map(),
  items: [],
  messages: [],
  documents: [],
  diagnosed: new Map(),
  providers: [],
  progress: [],
  logged: [],
});
const disposable = () => ({ dispose() {} });
const event = () => disposable();
class EventEmitter {
  #listeners = new Set();
  event = (listener) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire = (value) => this.#listeners.forEach((listener) => listener(value));
  dispose() {}
}
/** The functions of a part of VS Code that are not here do nothing. */
const quiet = (all) => new Proxy(all, { get: (_, name) => (name in all ? all[name] : event) });
state.extended = new EventEmitter();
const say = (kind) => async (message) => void state.messages.push([kind, message]);
const log = (line) => void state.logged.push(line);

const kind = (value) => ({ value, append: (more) => kind(value ? `${value}.${more}` : more) });

const known = {
  version: state.version,
  CancellationTokenSource,
  EventEmitter,
  languages: quiet({
    match: () => 1,
    createDiagnosticCollection: () => quiet({ set: (uri, found) => state.diagnosed.set(String(uri), found) }),
    registerCodeActionsProvider(_, provider) {
      state.providers.push(provider);
      return { dispose: () => state.providers.splice(state.providers.indexOf(provider), 1) };
    },
  }),
  Uri: { parse: (text) => ({ toString: () => text }) },
  CodeAction: class {
    constructor(title) {
      this.title = title;
    }
  },
  env: { language: "en", appName: "stand-in" },
  window: quiet({
    activeTextEditor: undefined,
    visibleTextEditors: [],
    state: { focused: true },
    tabGroups: quiet({ all: [] }),
    createOutputChannel: () => quiet({ info: log, error: log, show: () => log("shown") }),
    createStatusBarItem() {
      const item = { show: () => (item.shown = true), dispose() {} };
      state.items.push(item);
      return item;
    },
    onDidChangeActiveTextEditor: event,
    showInformationMessage: say("information"),
    showErrorMessage: say("error"),
    showQuickPick: async () => undefined,
    withProgress(options, work) {
      const shown = { ...options, reported: [], done: false };
      const progress = { report: ({ message }) => shown.reported.push(message) };
      state.progress.push(shown);
      const onCancellationRequested = (cancel) => ((shown.cancel = cancel), disposable());
      return Promise.resolve(work(progress, { onCancellationRequested })).finally(() => (shown.done = true));
    },
  }),
  workspace: quiet({
    textDocuments: state.documents,
    notebookDocuments: [],
    workspaceFolders: undefined,
    getConfiguration: () => ({ get: (name) => state.settings[name] }),
    onDidChangeConfiguration: event,
    onDidChangeWorkspaceFolders: event,
  }),
  commands: {
    registerCommand(name, work) {
      state.commands.set(name, work);
      return disposable();
    },
  },
  extensions: { getExtension: () => (state.lean4 ? {} : undefined), onDidChange: state.extended.event },
  CodeActionKind: { Empty: kind("") },
  StatusBarAlignment: { Left: 1 },
  ProgressLocation: { Notification: 15 },
  ThemeColor: class {
    constructor(id) {
      this.id = id;
    }
  },
};
module.exports = new Proxy(known, {
  get: (all, name) => (name in all ? all[name] : (all[name] = class { constructor(...given) { this.given = given; } })),
});
