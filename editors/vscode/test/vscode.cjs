// A stand-in for VS Code, as far as the extension speaks to it. What is not here is a class that can do
// nothing, so that the language client can be loaded.
const state = (globalThis.standIn = {
  version: "1.91.0",
  settings: { command: "", lean: "embedded", model: "none" },
  lean4: true,
  commands: new Map(),
  items: [],
  messages: [],
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
const say = (kind) => async (message) => void state.messages.push([kind, message]);
const log = (line) => void state.logged.push(line);

const known = {
  version: state.version,
  EventEmitter,
  languages: quiet({}),
  env: { language: "en", appName: "stand-in" },
  window: quiet({
    activeTextEditor: undefined,
    visibleTextEditors: [],
    state: { focused: true },
    createOutputChannel: () => ({ info: log, error: log, append: log, appendLine: log, show: () => log("shown"), dispose() {} }),
    createStatusBarItem() {
      const item = { show: () => (item.shown = true), dispose() {} };
      state.items.push(item);
      return item;
    },
    onDidChangeActiveTextEditor: event,
    showInformationMessage: say("information"),
    showErrorMessage: say("error"),
    showQuickPick: async () => undefined,
    withProgress: (_, work) => work({ report() {} }, { onCancellationRequested: event }),
  }),
  workspace: quiet({
    textDocuments: [],
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
  extensions: { getExtension: () => (state.lean4 ? {} : undefined), onDidChange: event },
  StatusBarAlignment: { Left: 1 },
  ProgressLocation: { Notification: 15 },
  ThemeColor: class {
    constructor(id) {
      this.id = id;
    }
  },
};
module.exports = new Proxy(known, {
  get: (all, name) => (name in all ? all[name] : (all[name] = class {})),
});
