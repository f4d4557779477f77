import Lean.Elab.Tactic.Basic
import Lean.Meta.Tactic.TryThis

/-!
# `prover?`

A tactic that has the prover search for a proof of the main goal, runs what it finds, and offers it as
`Try this`. It needs the program `prover` (`pip install prover`) on the PATH, or its path in the
environment variable `PROVER`. `prover? 60` searches for at most 60 seconds, not 30.

What is asked is the file as it is in the editor, with a hole where the tactic stands: the resident
engine elaborates it, and knows the definitions and theorems before the hole. The rest of the
declaration must be without errors; goals that wait may be `sorry`. Lean itself checks the proof that
comes back: the program can at worst not help.
-/

open Lean Elab Tactic

namespace Prover

/-- The program that is asked: what the environment variable `PROVER` names, or `prover`. -/
def program : IO String := do
  match ← IO.getEnv "PROVER" with
  | some path => return path
  | none => return "prover"

/-- Waits for a process; kills it when the elaboration is cancelled, because the text has changed, or
after so many rounds of 50 ms. -/
partial def await {pipes : IO.Process.StdioConfig} (child : IO.Process.Child pipes)
    (rounds : Nat) : IO (Option UInt32) := do
  match ← child.tryWait with
  | some code => return some code
  | none =>
    if rounds == 0 || (← IO.checkCanceled) then
      child.kill
      return none
    IO.sleep 50
    await child (rounds - 1)

/-- Asks for a proof of the goal at a byte offset of a text: the script, or why there is none. -/
def ask (text : String) (at' seconds : Nat) : IO (Except String String) := do
  let name ← program
  let child ←
    try
      IO.Process.spawn {
        cmd := name
        args := #["tactic", "-", "--at", toString at', "--timeout", toString seconds]
        stdin := .piped, stdout := .piped, stderr := .piped }
    catch error =>
      return .error ("cannot run the program `" ++ name ++ "`: " ++ toString error ++
        "\nInstall it (`pip install prover`), or set the environment variable PROVER to its path.")
  let (stdin, child) ← child.takeStdin
  stdin.putStr text
  stdin.flush
  let out ← IO.asTask child.stdout.readToEnd
  let err ← IO.asTask child.stderr.readToEnd
  -- Beside the search: a start of the engine, elaborating the text, the verdict.
  match ← await child ((seconds + 120) * 20) with
  | none => return .error ("`" ++ name ++ "` gave no answer in time")
  | some code =>
    let said ← IO.ofExcept out.get
    if code == 0 then return .ok said
    return .error (← IO.ofExcept err.get)

/-- Runs a script on the main goal, as a block of its own. -/
def run (script : String) : TacticM Unit := do
  let block := "(\n" ++ script ++ "\n)"
  match Parser.runParserCategory (← getEnv) `tactic block with
  | .ok tactic => evalTactic tactic
  | .error why => throwError "the proof that was found cannot be read: {why}"

/-- A script with all lines but the first moved to a column. -/
def indented (script : String) (column : Nat) : String :=
  String.intercalate ("\n".pushn ' ' column) (script.splitOn "\n")

/-- Searches for a proof of the main goal and offers it. `prover? 60` has 60 seconds, `prover?` 30. -/
syntax (name := proverTactic) "prover?" (ppSpace num)? : tactic

@[tactic proverTactic]
def evalProver : Tactic := fun stx => do
  let seconds := (stx[1][0].isNatLit?).getD 30
  let some place := stx.getPos? | throwError "`prover?` must stand in a file"
  let map ← getFileMap
  match ← ask map.source place.byteIdx seconds with
  | .error why => throwError "prover? {why}"
  | .ok script =>
    run script
    let shown := indented script (map.toPosition place).column
    Meta.Tactic.TryThis.addSuggestion stx { suggestion := .string shown }

end Prover
