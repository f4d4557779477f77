// Which server a window has, and how it is started.
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export interface Settings {
  /** The path or the name of the command `prover`. */
  command: string;
  lean: string;
  model: string;
}

export interface CommandLine {
  command: string;
  args: string[];
}

/** The command `prover` with arguments. `folder` is the first of the workspace. */
export function proverCommand(settings: Settings, folder: string | undefined, ...args: string[]): CommandLine {
  let command = settings.command.trim() || "prover";
  if (folder !== undefined) command = command.replaceAll("${workspaceFolder}", folder);
  if (/^~[/\\]/.test(command)) command = join(homedir(), command.slice(2));
  return { command, args };
}

/** The command of the language server. Defaults are left to it. */
export function serverCommand(settings: Settings, folder: string | undefined): CommandLine {
  const given = (name: string, value: string): string[] =>
    value.trim() === "" || value.trim() === "auto" ? [] : [`--${name}`, value.trim()];
  const options = [...given("lean", settings.lean), ...given("model", settings.model)];
  return proverCommand(settings, folder, "lsp", ...options);
}

/** The folder in which the server runs: the first of the workspace that is in a Lake project, as the
 * server sees it, else the first, else that of the file. */
export function serverFolder(
  folders: readonly string[],
  file: string | undefined,
  exists: (path: string) => boolean,
): string {
  const lake = folders.find((folder) => inLakeProject(folder, exists));
  return lake ?? folders[0] ?? (file === undefined ? homedir() : dirname(file));
}

function inLakeProject(folder: string, exists: (path: string) => boolean): boolean {
  if (["lakefile.lean", "lakefile.toml"].some((name) => exists(join(folder, name)))) return true;
  const above = dirname(folder);
  return above !== folder && inLakeProject(above, exists);
}

/** Who talks to a server: this extension; the extension Lean 4, to `lake` as we have set it up; or the
 * extension Lean 4 alone, without our code actions. */
export type Mode = "own" | "lean4" | "lean4 alone";

/** So that no file has two servers. */
export function chosenMode(lean4: boolean, folders: readonly string[], exists: (path: string) => boolean): Mode {
  if (!lean4) return "own";
  const set = folders.some((folder) => exists(join(folder, ".prover", "bin", "lake")));
  return set ? "lean4" : "lean4 alone";
}
