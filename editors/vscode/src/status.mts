// What the engine does, and how the status bar says it.
import type { Mode } from "./server.mts";

export interface Engine {
  pid: number;
  /** Requests. */
  running: number;
  waiting: number;
  /** Each Lean with its model. */
  leans: string[];
  /** The path of its log. */
  log: string;
}

/** What `prover engine status --json` printed. Throws if it is something else. */
export function readStatus(printed: string): Engine[] {
  let found: any;
  try {
    found = JSON.parse(printed);
    return found.map((one: any) => {
      const queues: any[] = Object.values(one.queue);
      const sum = (name: string): number => queues.reduce((all, queue) => all + number(queue[name]), 0);
      return {
        pid: number(one.pid),
        running: sum("running"),
        waiting: sum("waiting"),
        leans: one.engines.map((lean: any) => `Lean ${lean.lean}, ${lean.model ?? "no model"}`),
        log: String(one.log),
      };
    });
  } catch {
    throw new Error(`prover engine status said what is no status: ${JSON.stringify(printed.slice(0, 200))}`);
  }
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new TypeError();
  return value;
}

/** What a language server tells of its work (`$/progress`). */
export type Progress = { kind: string; title?: string; message?: string };

/** What the language server works on. */
export class Works {
  #works = new Map<string | number, { title: string; message: string }>();

  take(token: string | number, progress: Progress): void {
    const work = this.#works.get(token);
    if (progress.kind === "begin") {
      this.#works.set(token, { title: progress.title ?? "", message: progress.message ?? "" });
    } else if (progress.kind === "report" && work !== undefined) {
      work.message = progress.message ?? work.message;
    } else if (progress.kind === "end") {
      this.#works.delete(token);
    }
  }

  clear(): void {
    this.#works.clear();
  }

  get lines(): string[] {
    return [...this.#works.values()].map((work) => [work.title, work.message].filter(Boolean).join(": "));
  }
}

export interface Seen {
  mode: Mode;
  /** Undefined until it is known. */
  engines: Engine[] | undefined;
  /** Why it is not known. */
  fault: string | undefined;
  /** What the server tells of its work. */
  works: string[];
}

export interface Shown {
  text: string;
  tooltip: string;
  warning: boolean;
}

const MODES: Record<Mode, string> = {
  own: "This extension talks to `prover lsp`.",
  lean4: "The extension Lean 4 talks to Lean's server, with the prover's code actions.",
  "lean4 alone": "The extension Lean 4 talks to Lean's server alone: set the workspace up for code actions.",
};

export function shown(seen: Seen): Shown {
  const mode = MODES[seen.mode];
  if (seen.fault !== undefined) {
    return { text: "$(warning) Prover", tooltip: `${seen.fault}\n${mode}`, warning: true };
  }
  const engines = seen.engines ?? [];
  const all = (name: "running" | "waiting"): number => engines.reduce((sum, engine) => sum + engine[name], 0);
  const count = Math.max(all("running"), seen.works.length);
  const about = engines.flatMap((engine) => [`Engine: process ${engine.pid}`, ...engine.leans]);
  const waits = all("waiting") > 0 ? [`${all("waiting")} requests wait`] : [];
  const tooltip = [...seen.works, ...waits, ...about, mode].join("\n");
  if (count > 0) return { text: `$(sync~spin) Prover works on ${count}`, tooltip, warning: false };
  if (seen.engines === undefined) return { text: "$(beaker) Prover", tooltip: mode, warning: false };
  if (engines.length === 0) {
    const starts = "The engine is off. A code action starts it.";
    return { text: "$(circle-slash) Prover is off", tooltip: `${starts}\n${mode}`, warning: false };
  }
  return { text: "$(check) Prover runs", tooltip, warning: false };
}
