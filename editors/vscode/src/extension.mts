// The extension: a status bar item, commands, and the language client where no other has one.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { LanguageClient, WorkDoneProgressCancelNotification } from "vscode-languageclient/node";
import type {
  HandleWorkDoneProgressSignature,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient/node";
import { NotRun, run } from "./process.mts";
import { chosenMode, proverCommand, serverCommand, serverFolder } from "./server.mts";
import type { Mode, Settings } from "./server.mts";
import { Works, readStatus, shown } from "./status.mts";
import type { Engine, Progress } from "./status.mts";

const LEAN4 = "leanprover.lean4";
const LOOK_MILLISECONDS = 10_000;
const PATIENCE_MILLISECONDS = 60_000;

let window: Window | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  window = new Window(context);
  await window.settle();
  await window.look();
}

export async function deactivate(): Promise<void> {
  await window?.end();
}

class Window {
  #log = vscode.window.createOutputChannel("Prover", { log: true });
  #item = vscode.window.createStatusBarItem("prover.status", vscode.StatusBarAlignment.Left, 0);
  #works = new Works();
  #shownWorks = new Map<string | number, { report(message: string): void; end(): void }>();
  #engines: Engine[] | undefined;
  #fault: string | undefined;
  #logs: string | undefined;
  #client: LanguageClient | undefined;
  #settling: Promise<void> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #ended = false;

  constructor(context: vscode.ExtensionContext) {
    const commands: Record<string, () => unknown> = {
      startEngine: () => this.#command("Starting the engine", "serve", "--background"),
      stopEngine: () => this.#command("Stopping the engine", "engine", "stop"),
      restartServer: () => this.#restartServer(),
      setUp: () => this.#setUp(),
      showLog: () => this.#showLog(),
      menu: () => this.#menu(context),
    };
    for (const [name, work] of Object.entries(commands)) {
      context.subscriptions.push(vscode.commands.registerCommand(`prover.${name}`, work));
    }
    const timer = setInterval(() => this.#visible && void this.look(), LOOK_MILLISECONDS);
    context.subscriptions.push(
      this.#log,
      this.#item,
      { dispose: () => clearInterval(timer) },
      vscode.extensions.onDidChange(() => this.settle()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.settle()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("prover")) void this.settle(true).then(() => this.look());
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.#show()),
    );
    this.#item.name = "Prover";
    this.#item.command = "prover.menu";
  }

  /** Has the language client run or not, as the mode asks for; with `anew`, it is another one. */
  settle(anew = false): Promise<void> {
    this.#settling = this.#settling.then(async () => {
      const wanted = this.#mode === "own" && !this.#ended;
      if (this.#client !== undefined && (!wanted || anew)) await this.#stop();
      if (this.#client === undefined && wanted) await this.#start();
      this.#show();
    });
    return this.#settling;
  }

  /** Asks what the engine does. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.settle();
  }

  get #mode(): Mode {
    return chosenMode(vscode.extensions.getExtension(LEAN4) !== undefined, this.#folders, existsSync);
  }

  get #folders(): string[] {
    const folders = vscode.workspace.workspaceFolders ?? [];
    return folders.filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath);
  }

  get #settings(): Settings {
    const all = vscode.workspace.getConfiguration("prover");
    const text = (name: string): string => all.get<string>(name, "");
    return { command: text("command"), lean: text("lean"), model: text("model") };
  }

  /** Where commands run. */
  get #cwd(): string {
    const document = vscode.window.activeTextEditor?.document;
    const file = document?.uri.scheme === "file" ? document.uri.fsPath : undefined;
    return serverFolder(this.#folders, file, existsSync);
  }

  get #visible(): boolean {
    const editors = vscode.window.visibleTextEditors;
    return vscode.window.state.focused && editors.some((one) => one.document.languageId === "lean4");
  }

  async #start(): Promise<void> {
    const line = serverCommand(this.#settings, this.#folders[0]);
    const cwd = this.#cwd;
    this.#log.info(`in ${cwd}: ${[line.command, ...line.args].join(" ")}`);
    try {
      const client: LanguageClient = new LanguageClient(
        "prover",
        "Prover",
        { ...line, options: { cwd } },
        {
          documentSelector: ["file", "untitled"].map((scheme) => ({ scheme, language: "lean4" })),
          outputChannel: this.#log,
          middleware: { handleWorkDoneProgress: (...told) => this.#progress(client, ...told) },
        },
      );
      this.#client = client;
      await client.start();
    } catch (error) {
      this.#log.error(String(error));
      this.#client = undefined;
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    for (const work of this.#shownWorks.values()) work.end();
    this.#shownWorks.clear();
    this.#works.clear();
    try {
      await client?.dispose();
    } catch (error) {
      this.#log.error(String(error));
    }
  }

  /** Shows what the server works on, with a button that ends it. */
  #progress(
    client: LanguageClient,
    token: string | number,
    told: Progress & (WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd),
    next: HandleWorkDoneProgressSignature,
  ): void {
    this.#works.take(token, told);
    if (told.kind === "begin") this.#showWork(client, token, told);
    else if (told.kind === "report") this.#shownWorks.get(token)?.report(told.message ?? "");
    else {
      this.#shownWorks.get(token)?.end();
      this.#shownWorks.delete(token);
      next(token, told); // the client forgets the token
    }
    this.#show();
  }

  #showWork(client: LanguageClient, token: string | number, work: WorkDoneProgressBegin): void {
    let shown: vscode.Progress<{ message: string }> | undefined;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#shownWorks.set(token, { report: (message) => shown?.report({ message }), end });
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Prover: ${work.title}`,
      cancellable: work.cancellable ?? false,
    };
    void vscode.window.withProgress(options, (progress, cancelled) => {
      shown = progress;
      shown.report({ message: work.message ?? "" });
      cancelled.onCancellationRequested(() => {
        void client.sendNotification(WorkDoneProgressCancelNotification.type, { token });
      });
      return ended;
    });
  }

  async #look(): Promise<void> {
    try {
      const line = proverCommand(this.#settings, this.#folders[0], "engine", "status", "--json");
      const done = await run(line, this.#cwd, PATIENCE_MILLISECONDS);
      if (done.out.trim() === "") throw new NotRun(done.err.trim() || `exit code ${done.code}`);
      this.#engines = readStatus(done.out);
      this.#logs = this.#engines[0] === undefined ? this.#logs : dirname(this.#engines[0].log);
      this.#fault = undefined;
    } catch (error) {
      const fault = (error as Error).message;
      if (fault !== this.#fault) this.#log.error(fault);
      this.#engines = undefined;
      this.#fault = fault;
    }
    this.#show();
  }

  #show(): void {
    const seen = { mode: this.#mode, engines: this.#engines, fault: this.#fault, works: this.#works.lines };
    const { text, tooltip, warning } = shown(seen);
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.backgroundColor = warning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    this.#item.show();
  }

  /** Runs a command of the prover, and shows what it says. */
  async #command(title: string, ...args: string[]): Promise<void> {
    const line = proverCommand(this.#settings, this.#folders[0], ...args);
    const options = { location: vscode.ProgressLocation.Notification, title: `Prover: ${title}` };
    try {
      const done = await vscode.window.withProgress(options, () => run(line, this.#cwd, PATIENCE_MILLISECONDS));
      const said = `${done.out}\n${done.err}`.trim();
      this.#log.info(said);
      if (done.code === 0) void vscode.window.showInformationMessage(said);
      else void vscode.window.showErrorMessage(said || `exit code ${done.code}`);
    } catch (error) {
      void vscode.window.showErrorMessage((error as Error).message);
    }
    await this.look();
  }

  async #restartServer(): Promise<void> {
    if (this.#mode === "own") await this.settle(true);
    else void vscode.window.showInformationMessage("The server is that of the extension Lean 4: restart it there.");
  }

  async #setUp(): Promise<void> {
    const folders = this.#folders;
    const folder = folders.length > 1 ? await vscode.window.showQuickPick(folders) : folders[0];
    if (folder !== undefined) {
      await this.#command("Setting the workspace up", "editor", "install", "vscode", folder);
    } else if (folders.length === 0) {
      void vscode.window.showErrorMessage("Open the folder of a Lake project first.");
    }
  }

  async #showLog(): Promise<void> {
    const files = ["engine.log", "editor.log"].map((name) => join(this.#logs ?? "", name));
    const there = this.#logs === undefined ? [] : files.filter((path) => existsSync(path));
    const own = "this extension";
    const chosen = there.length === 0 ? own : await vscode.window.showQuickPick([own, ...there]);
    if (chosen === own) this.#log.show();
    else if (chosen !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(chosen));
  }

  async #menu(context: vscode.ExtensionContext): Promise<void> {
    const all: { command: string; title: string }[] = context.extension.packageJSON.contributes.commands;
    const items = all
      .filter(({ command }) => command !== "prover.menu")
      .map(({ command, title }) => ({ label: title, command }));
    const chosen = await vscode.window.showQuickPick(items);
    if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command);
  }
}
