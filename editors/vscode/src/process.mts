// Runs the command `prover`.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import type { CommandLine } from "./server.mts";

export interface Done {
  code: number;
  out: string;
  err: string;
}

/** The command is not there, cannot be run, or takes too long. The message says what to do. */
export class NotRun extends Error {}

/** Runs a command to its end. Throws `NotRun`. */
export function run(line: CommandLine, cwd: string, milliseconds: number): Promise<Done> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: milliseconds, maxBuffer: 2 ** 20, windowsHide: true };
    execFile(line.command, line.args, options, (error, out, err) => {
      const said = [line.command, ...line.args].join(" ");
      if (error === null) resolve({ code: 0, out, err });
      else if (typeof error.code === "number") resolve({ code: error.code, out, err });
      else if ((error as { code?: unknown }).code === "ENOENT") {
        if (!existsSync(cwd)) return reject(new NotRun(`The folder ${cwd} is not there.`));
        const hint = "pip install 'prover[editor]', or give its path in the setting prover.command";
        reject(new NotRun(`The command ${line.command} is not found: ${hint}.`));
      } else if (error.killed) reject(new NotRun(`${said} took over ${milliseconds / 1000} s.`));
      else reject(new NotRun(`${said} cannot be run: ${error.message}`));
    });
  });
}
