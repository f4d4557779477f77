--#if embedded
import Lean
--#else
--import Lean.Elab.Frontend
--import Lean.Elab.Tactic.Basic
--#endif

/-!
# The gym

A process that elaborates texts, holds tactic states and runs tactics on them. It reads a word, then
one JSON object a line from standard input and answers each with one line on standard output, which
starts with that word (model text does not know it and so cannot forge an answer).

| command | fields | answer |
| --- | --- | --- |
| `open`  | `header` | `env`, `imports`, `commands`, `messages` |
| `elab`  | `env`, `text`, `like`, `same`, `from`, `holes` | `env` after the text, `commands`, `holes`, `messages` |
| `run`   | `state`, `tactic`, `heartbeats`, `whole`, `allowed` | `states`, `order`, `kept`, `messages` |
| `steps` | `state`, `script` | `steps`: where its tactics stand; `rest`: whether it goes on otherwise |
| `refute` | `state`, `most`, `heartbeats`, `negation` | `found`, `guesses`, `points`, `undecided` |
| `evaluate` | `state`, `terms`, `most`, `heartbeats`, `values`, `points` | `values` |
| `context` | `state`, `theorems` | `constants`, `theorems`: what the goal is about, and what stands before it |
| `library` | `state`, `from`, `most` | `symbols`, `theorems`, `next`: the theorems of some imported modules; `modules` if `most` is 0 |
| `premises` | `state`, `names` | `theorems`: what these say |
| `imports` | `text` | `end`: the byte where the text's imports end |
| `export` | `env`, `names` | `segments`: these constants as data |
| `document` | `text`, `document`, `same` | `document`, `kept`, `head`, `messages`, `next` |
| `step` | `document`, `skip` | `end`, `next`, `messages`, `holes`, `symbols`, `tainted` |
| `goals`, `term_goal`, `hover`, `definition` | `document`, `at` | `found` |
| `scope` | `document`, `at`, `dot`, `variable` | `found`: what a name can mean there |
| `describe` | `document`, `at`, `names`, `most` | `found`: kinds, types, docstrings |
| `names` | `document` | `found`: all names that are imported |
| `close` | `document` | |
| `tables` | | the sizes of what a text can change for the texts after it |
| `free`  | `states`, `envs` | |
| `stop`  | | |

`elab` tells of every command which constants it made, whatever made them, and sends them as data:
what is judged is decided by the environment, never by the looks of a text. The judge
(`Judge.lean`), which never runs a text, has its kernel check that data. `like` is the environment of
an earlier text whose first `same` bytes are those of this one, so that its commands need not be
elaborated again; commands before `from` are left out of the answer.

`run` shows a tactic only the first goal of its state and splits what is left into groups that share
no metavariable; with `whole` it shows and keeps all goals together. A proof that closes its goals is
checked by the kernel, with all that it has declared, before it counts.

`refute` looks for a small instance at which the first goal of a state is false (with `negation`, at
which what it denies is). It finds and does not prove: what counts is the proof that `run` checks.
`evaluate` gives hashes of the normal forms of closed functions at the same small points.

Every answer has `id`, `ok`, `heartbeats` (in Lean's unit: thousands of small allocations) and
`us`; a failed one has `kind` and `message`.

The source keeps to what compiles on Lean 4.20 to 4.35 and on a Lean that ships no private data:
plain recursion, no loops, nothing that the compiler would specialise out of the library. The lines
between `--#if` and `--#endif` are chosen by `prover.lean.toolchain` for the Lean that is used.
-/

open Lean Meta Elab Term Tactic

namespace Gym

/-! ## JSON text -/

def quote (s : String) : String := (Json.str s).compress

def field (name value : String) : String := "," ++ quote name ++ ":" ++ value

def commaSep : List String → String
  | [] => ""
  | [s] => s
  | s :: rest => s ++ "," ++ commaSep rest

def array (items : List String) : String := "[" ++ commaSep items ++ "]"

def bool : Bool → String
  | true => "true"
  | false => "false"

def getNat (j : Json) (name : String) : Except String Nat :=
  match j.getObjVal? name with
  | .ok v => v.getNat?
  | .error e => .error e

def getStr (j : Json) (name : String) : Except String String :=
  match j.getObjVal? name with
  | .ok v => v.getStr?
  | .error e => .error e

/-- The natural numbers of an array, starting at index `i`. -/
partial def natsFrom (items : Array Json) (i : Nat) : List Nat :=
  if h : i < items.size then
    match items[i].getNat? with
    | .ok n => n :: natsFrom items (i + 1)
    | .error _ => natsFrom items (i + 1)
  else []

def getBool (j : Json) (name : String) : Bool :=
  match j.getObjVal? name with
  | .ok (.bool b) => b
  | _ => false

/-- The names of an array, starting at index `i`. -/
partial def strings (items : Array Json) (i : Nat) : List Name :=
  if h : i < items.size then
    match items[i] with
    | .str s => s.toName :: strings items (i + 1)
    | _ => strings items (i + 1)
  else []

def getNames (j : Json) (name : String) : List Name :=
  match j.getObjVal? name with
  | .ok (.arr items) => strings items 0
  | _ => []

def getNats (j : Json) (name : String) : List Nat :=
  match j.getObjVal? name with
  | .ok (.arr items) => natsFrom items 0
  | _ => []

/-! ## States -/

/-- Everything a tactic needs to run: the goals are those of one group that shares metavariables. -/
structure State where
  core : Core.State
  meta' : Meta.State
  term : Term.State
  options : Options
  currNamespace : Name
  openDecls : List OpenDecl
  goals : List MVarId
  /-- The declaration that the goals belong to, if the environment holds it: no proof may use it. -/
  self : Name

/-- A `sorry` of a text: where it stands, the state to prove there, whether what is to be proved is a
proposition, and whether it mentions another `sorry`. -/
structure Hole where
  first : Nat
  last : Nat
  tactic : Bool
  prop : Bool
  coupled : Bool
  state : State

/-- A text after one of its commands. `json` tells of the command, `sides` are environments that it
made and left again (an `example`). -/
structure Snap where
  pos : Parser.ModuleParserState
  command : Command.State
  before : Environment
  json : String
  vars : String
  sides : List Environment
  holes : List Hole
  messages : List String
  tainted : Bool

/-- An environment after a header or a text, with what came before, newest first. -/
structure Env where
  command : Command.State
  snaps : List Snap

def coreContext (options : Options) (currNamespace : Name) (openDecls : List OpenDecl)
    (heartbeats start : Nat) : Core.Context :=
  { fileName := "<gym>", fileMap := default, options, currNamespace, openDecls,
    maxHeartbeats := heartbeats * 1000, initHeartbeats := start,
    maxRecDepth := maxRecDepth.get options }

/-- Runs `x` in the context of a state, its own changes thrown away. -/
def State.query (s : State) (x : MetaM α) : EIO Exception α := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef s.core
  let meta' ← ST.mkRef s.meta'
  x {} meta' (coreContext s.options s.currNamespace s.openDecls 200000 start) core

/-! ## Goals -/

/-- The declarations of a local context that a person sees, in order. -/
partial def localDecls (lctx : LocalContext) (fvars : Array Expr) (i : Nat) : List LocalDecl :=
  if h : i < fvars.size then
    match lctx.find? fvars[i].fvarId! with
    | some d =>
      if d.isImplementationDetail then localDecls lctx fvars (i + 1)
      else d :: localDecls lctx fvars (i + 1)
    | none => localDecls lctx fvars (i + 1)
  else []

/-- Roots of the modules whose constants need no explanation: libraries, not the user's own files. -/
def libraries : List Name :=
  [`Init, `Std, `Lean, `Lake, `Mathlib, `Batteries, `Aesop, `Qq, `ProofWidgets, `Plausible,
   `ImportGraph, `LeanSearchClient, `Cli]

partial def nameIn (n : Name) : List Name → Bool
  | [] => false
  | m :: ms => n == m || nameIn n ms

partial def moduleName (env : Environment) (i : Nat) : Name :=
  if h : i < env.header.moduleNames.size then env.header.moduleNames[i] else .anonymous

/-- Whether a constant is of the user's own files. -/
def isOwn (env : Environment) (n : Name) : Bool :=
  match env.getModuleIdxFor? n with
  | some i => !nameIn (moduleName env i.toNat).getRoot libraries
  | none => env.contains n

partial def ownNames (env : Environment) (names : Array Name) (i : Nat) : List String :=
  if h : i < names.size then
    if isOwn env names[i] then quote names[i].toString :: ownNames env names (i + 1)
    else ownNames env names (i + 1)
  else []

partial def nameStrings (names : Array Name) (i : Nat) : List String :=
  if h : i < names.size then quote names[i].toString :: nameStrings names (i + 1) else []

/-- The constant at the head of a type, under its reducible definitions. -/
def headOf (type : Expr) : MetaM String := do
  let type ← instantiateMVars type
  let type ← try whnfR type catch _ => pure type
  match type.getAppFn with
  | .const n _ => return quote n.toString
  | _ => return "null"

/-- How many arguments a type takes under all definitions, and whether propositions are behind them. -/
partial def extent (t : Expr) (taken : Nat) : MetaM (Nat × Bool) := do
  match ← whnf t with
  | .forallE _ d b _ => extent (b.instantiate1 (← Meta.mkFreshExprMVar d)) (taken + 1)
  | .sort l => return (taken, l.isZero)
  | _ => return (taken, false)

/-- The extent of the sides of an equation between functions. -/
def equatesJson (type : Expr) : MetaM String := do
  let type ← instantiateMVars type
  if !type.isAppOfArity ``Eq 3 then return "null"
  let (taken, predicates) ← try extent (type.getArg! 0) 0 catch _ => pure (0, false)
  return if taken == 0 then "null" else array [toString taken, bool predicates]

/-- What the print of a goal does not tell of a hypothesis: whether it is a proof, whether it has a
value, the constant at the head of its type, and whether it is an equation between functions. -/
def hypothesisJson (d : LocalDecl) : MetaM String := do
  let prop ← try Meta.isProp d.type catch _ => pure false
  return array [bool prop, bool d.isLet, ← headOf d.type, ← equatesJson d.type]

def hypothesesJson : List LocalDecl → MetaM (List String)
  | [] => pure []
  | d :: ds => do
    let one ← hypothesisJson d
    let rest ← hypothesesJson ds
    return one :: rest

/-- The target under its whole local context as one closed expression. -/
def closedGoal (g : MVarId) : MetaM Expr := do
  let d ← g.getDecl
  let target ← instantiateMVars d.type
  let e := d.lctx.mkForall d.lctx.getFVars target
  instantiateMVars e

/-- The key of a goal: a structural hash of its closed form with metavariables numbered, and the
hash of its print, which holds the names that a proof may mention. -/
def goalKey (closed : Expr) (pp : String) : MetaM String := do
  let e ← if closed.hasMVar then do pure (← abstractMVars closed).expr else pure closed
  return toString e.hash ++ "." ++ toString pp.hash

/-- Runs `x` in the local context of a goal. -/
def inGoal (g : MVarId) (x : MetaM α) : MetaM α := fun ctx s coreCtx coreState => do
  let d ← g.getDecl ctx s coreCtx coreState
  x { ctx with lctx := d.lctx, localInstances := d.localInstances } s coreCtx coreState

def goalJson (g : MVarId) : MetaM (String × String) := inGoal g do
  let d ← g.getDecl
  let pp := (← Meta.ppGoal g).pretty
  let closed ← closedGoal g
  let key ← goalKey closed pp
  let hyps ← hypothesesJson (localDecls d.lctx d.lctx.getFVars 0)
  let target ← instantiateMVars d.type
  let own := ownNames (← getEnv) target.getUsedConstants 0
  let constants := closed.getUsedConstants
  let around := ownNames (← getEnv) constants 0
  let case := if d.userName.isAnonymous then "null" else quote d.userName.eraseMacroScopes.toString
  return (key, "{\"pp\":" ++ quote pp ++ field "hyps" (array hyps) ++ field "own" (array own)
    ++ field "around" (array around) ++ field "constants" (array (nameStrings constants 0))
    ++ field "equates" (← equatesJson target) ++ field "case" case ++ "}")

def goalsJson : List MVarId → MetaM (String × List String)
  | [] => pure ("", [])
  | g :: gs => do
    let (key, one) ← goalJson g
    let (keys, rest) ← goalsJson gs
    return (key ++ "/" ++ keys, one :: rest)

def stateJson (id : Nat) (s : State) : EIO Exception String := do
  let (key, goals) ← s.query (goalsJson s.goals)
  return "{\"id\":" ++ toString id ++ field "key" (quote key) ++ field "goals" (array goals) ++ "}"

/-! ## Groups of goals that share metavariables -/

def memName (n : Name) : List Name → Bool
  | [] => false
  | m :: ms => n == m || memName n ms

def meets (xs : List Name) : List Name → Bool
  | [] => false
  | y :: ys => memName y xs || meets xs ys

def append (xs ys : List α) : List α :=
  match xs with
  | [] => ys
  | x :: xs => x :: append xs ys

partial def mvarNames (ids : Array MVarId) (i : Nat) : List Name :=
  if h : i < ids.size then ids[i].name :: mvarNames ids (i + 1) else []

/-- The metavariables that a goal depends on, itself among them. -/
def goalMVars (g : MVarId) : MetaM (List Name) := do
  let closed ← inGoal g (closedGoal g)
  if closed.hasMVar then
    let direct ← getMVars closed
    let beneath ← getMVarsNoDelayed closed
    return g.name :: append (mvarNames direct 0) (mvarNames beneath 0)
  else return [g.name]

/-- A group: its goals in Lean's order, and the metavariables that it holds. -/
structure Group where
  goals : List (Nat × MVarId)
  mvars : List Name

def insertGoal (x : Nat × MVarId) : List (Nat × MVarId) → List (Nat × MVarId)
  | [] => [x]
  | y :: ys => if x.1 < y.1 then x :: y :: ys else y :: insertGoal x ys

def insertGoals : List (Nat × MVarId) → List (Nat × MVarId) → List (Nat × MVarId)
  | [], ys => ys
  | x :: xs, ys => insertGoals xs (insertGoal x ys)

/-- Takes the groups that meet `g` out of a list: what they hold together, and the others. -/
def merge (g : Group) : List Group → Group × List Group
  | [] => (g, [])
  | h :: hs =>
    let (g, rest) := merge g hs
    if meets g.mvars h.mvars then
      ({ goals := insertGoals h.goals g.goals, mvars := append h.mvars g.mvars }, rest)
    else (g, h :: rest)

def firstGoal (g : Group) : Nat :=
  match g.goals with
  | [] => 0
  | (i, _) :: _ => i

def insertGroup (g : Group) : List Group → List Group
  | [] => [g]
  | h :: hs => if firstGoal g < firstGoal h then g :: h :: hs else h :: insertGroup g hs

/-- Groups in the order of their first goals. -/
def groupGoals : List MVarId → Nat → List Group → MetaM (List Group)
  | [], _, groups => pure groups
  | g :: gs, i, groups => do
    let mvars ← goalMVars g
    let (group, rest) := merge { goals := [(i, g)], mvars } groups
    groupGoals gs (i + 1) (insertGroup group rest)

def groupMembers : List (Nat × MVarId) → List MVarId
  | [] => []
  | (_, g) :: gs => g :: groupMembers gs

/-- All groups as one, in Lean's order. -/
def join : List Group → List Group
  | g :: h :: gs =>
    join ({ goals := insertGoals g.goals h.goals, mvars := append g.mvars h.mvars } :: gs)
  | groups => groups
termination_by groups => groups.length

def indices : List (Nat × MVarId) → List String
  | [] => []
  | (i, _) :: gs => toString i :: indices gs

/-! ## Messages and failures -/

structure Note where
  severity : String
  line : Nat
  column : Nat
  stop : Option Position
  text : String

def readMessages : List Message → IO (List Note)
  | [] => pure []
  | m :: ms => do
    let text ← m.data.toString
    let rest ← readMessages ms
    let severity := match m.severity with
      | .information => "info"
      | .warning => "warning"
      | .error => "error"
    return { severity, line := m.pos.line, column := m.pos.column, stop := m.endPos, text } :: rest

def notesJson : List Note → List String
  | [] => []
  | n :: ns => ("{\"severity\":" ++ quote n.severity ++ field "line" (toString n.line)
      ++ field "column" (toString n.column) ++ field "text" (quote n.text) ++ "}") :: notesJson ns

def hasError : List Note → Bool
  | [] => false
  | n :: ns => n.severity == "error" || hasError ns

def firstError : List Note → String
  | [] => ""
  | n :: ns => if n.severity == "error" then n.text else firstError ns

/-- What a request ends in: fields of the answer, or a kind of failure with its message. -/
inductive Outcome where
  | ok (fields : String)
  | failed (kind message : String)

def failure (e : Exception) : IO Outcome := do
  let text ← e.toMessageData.toString
  let kind := if e.isMaxHeartbeat then "heartbeats" else if e.isMaxRecDepth then "recursion" else "tactic"
  return .failed kind text

/-! ## What a declaration rests on -/

partial def pushNames (names : Array Name) (i : Nat) (todo : List Name) : List Name :=
  if h : i < names.size then pushNames names (i + 1) (names[i] :: todo) else todo

def usedBy (e : Expr) (todo : List Name) : List Name := pushNames e.getUsedConstants 0 todo

/-- Declarations, newest first, in an order in which a kernel can take them from the last on. -/
structure Closure where
  seen : NameSet := {}
  decls : List Declaration := []
  faults : List (Name × String) := []

def constructorsOf (env : Environment) : List Name → List Constructor
  | [] => []
  | n :: ns =>
    match env.find? n with
    | some info => { name := n, type := info.type } :: constructorsOf env ns
    | none => constructorsOf env ns

def typesOf (env : Environment) : List Name → List InductiveType
  | [] => []
  | n :: ns =>
    match env.find? n with
    | some (.inductInfo v) =>
      { name := n, type := v.type, ctors := constructorsOf env v.ctors } :: typesOf env ns
    | _ => typesOf env ns

def usedByConstructors : List Constructor → List Name → List Name
  | [], todo => todo
  | c :: cs, todo => usedByConstructors cs (usedBy c.type todo)

def usedByTypes : List InductiveType → List Name → List Name
  | [], todo => todo
  | t :: ts, todo => usedByTypes ts (usedByConstructors t.ctors (usedBy t.type todo))

def insertAll (set : NameSet) : List Name → NameSet
  | [] => set
  | n :: ns => insertAll (set.insert n) ns

/-- Adds the declarations of some names and of all they rest on, up to what is known. -/
partial def closure (env : Environment) (known : Name → Bool) (acc : Closure) :
    List Name → Closure
  | [] => acc
  | n :: todo =>
    if acc.seen.contains n || known n then closure env known acc todo
    else
      let acc := { acc with seen := acc.seen.insert n }
      let unfit (what : String) : Closure := { acc with faults := (n, what) :: acc.faults }
      let acc := match env.find? n with
        | none => unfit "is not there"
        | some (.axiomInfo v) =>
          if v.isUnsafe then unfit "is unsafe"
          else
            let acc := closure env known acc (usedBy v.type [])
            { acc with decls := .axiomDecl v :: acc.decls }
        | some (.thmInfo v) =>
          let acc := closure env known acc (usedBy v.type (usedBy v.value []))
          { acc with decls := .thmDecl v :: acc.decls }
        | some (.opaqueInfo v) =>
          if v.isUnsafe then unfit "is unsafe"
          else
            let acc := closure env known acc (usedBy v.type (usedBy v.value []))
            { acc with decls := .opaqueDecl v :: acc.decls }
        | some (.defnInfo v) =>
          match v.safety with
          | .safe =>
            let acc := closure env known acc (usedBy v.type (usedBy v.value []))
            { acc with decls := .defnDecl v :: acc.decls }
          | _ => unfit "is unsafe"
        | some (.inductInfo v) =>
          if v.isUnsafe then unfit "is unsafe"
          else
            let acc := { acc with seen := insertAll acc.seen v.all }
            let types := typesOf env v.all
            let acc := closure env known acc (usedByTypes types [])
            { acc with decls := .inductDecl v.levelParams v.numParams types false :: acc.decls }
        | some (.ctorInfo v) => closure env known acc [v.induct]
        | some (.recInfo v) => closure env known acc v.all
        | some (.quotInfo _) => unfit "is a quotient primitive of another library"
      closure env known acc todo

def inOrder : List Declaration → List Declaration → List Declaration
  | [], acc => acc
  | d :: ds, acc => inOrder ds (d :: acc)

/-- Whether an axiom of the environment is one in its source. A library without private data shows
its theorems as axioms; what the text itself declares is what it seems. -/
def isAxiom (env : Environment) (name : Name) : Bool :=
--#if lean >= 4.24
  match env.getModuleIdxFor? name, getOriginalConstKind? env name with
  | some _, some .axiom => true
  | some _, some _ => false
  | _, _ => true
--#else
--  true
--#endif

def without (allowed : List Name) : List Name → List Name
  | [] => []
  | n :: ns => if memName n allowed then without allowed ns else n :: without allowed ns

/-- The environment with a declaration that its kernel has checked, or what the kernel says. No
option of the text has a say in it. -/
def kernelAdd (env : Environment) (decl : Declaration) : BaseIO (Except String Environment) := do
  match env.addDeclCore 0 decl none with
  | .ok env => return .ok env
  | .error e => do
    let text ← (e.toMessageData {}).toString
    return .error text

def usedByDecls : List Declaration → List Name → List Name
  | [], todo => todo
  | d :: ds, todo => usedByDecls ds (match d with
    | .axiomDecl v => usedBy v.type todo
    | .thmDecl v => usedBy v.type (usedBy v.value todo)
    | .opaqueDecl v => usedBy v.type (usedBy v.value todo)
    | .defnDecl v => usedBy v.type (usedBy v.value todo)
    | .inductDecl _ _ types _ => usedByTypes types todo
    | _ => todo)

def axiomsAmong (env : Environment) : List Name → List Name
  | [] => []
  | n :: ns =>
    match env.find? n with
    | some (.axiomInfo _) =>
      if isAxiom env n then n :: axiomsAmong env ns else axiomsAmong env ns
    | _ => axiomsAmong env ns

def kernelAddAll (env : Environment) : List Declaration → BaseIO (Except String Environment)
  | [] => return .ok env
  | d :: ds => do
    match ← kernelAdd env d with
    | .ok env => kernelAddAll env ds
    | .error e => return .error e

/-- What the kernel evaluates by running compiled code, and the axioms that trust it. -/
def compiled : List Name :=
  [``Lean.reduceBool, ``Lean.reduceNat, ``Lean.ofReduceBool, ``Lean.ofReduceNat,
   `Lean.trustCompiler]

def firstCompiled : List Name → Option Name
  | [] => none
  | n :: ns => if memName n compiled then some n else firstCompiled ns

/-- Adds what a tactic has declared and its proof uses to the environment before it, all of it
checked by the kernel and without a forbidden axiom; or why that fails. -/
def addUsed (before after : Environment) (allowed used : List Name) :
    BaseIO (Except String Environment) := do
  let new := closure after (fun n => before.contains n) {} used
  let all := usedByDecls new.decls used
  if let some n := firstCompiled all then
    return .error ("has the kernel run compiled code: it uses " ++ n.toString)
  match new.faults, without allowed (axiomsAmong after all) with
  | (n, what) :: _, _ =>
    return .error ("rests on something that does not count: " ++ n.toString ++ " " ++ what)
  | [], n :: _ => return .error ("rests on the axiom " ++ n.toString)
  | [], [] => kernelAddAll before (inOrder new.decls [])

/-! ## Running a tactic -/

def inputContext (text : String) : Parser.InputContext :=
--#if lean >= 4.28
  { inputString := text, fileName := "<gym>", fileMap := text.toFileMap,
    endPos := text.rawEndPos, endPos_valid := by simp }
--#else
--  Parser.mkInputContext text "<gym>"
--#endif

def joinLines (sep : String) : List String → String
  | [] => ""
  | [line] => line
  | line :: lines => line ++ sep ++ joinLines sep lines

def firstErrorMessage : List Message → Option Message
  | [] => none
  | m :: ms => match m.severity with
    | .error => some m
    | _ => firstErrorMessage ms

def byteStart (stx : Syntax) : Nat :=
  match stx.getPos? with
  | some p => p.byteIdx
  | none => 0

def tailOf (stx : Syntax) : Nat :=
  match stx.getTailPos? with
  | some p => p.byteIdx
  | none => 0

/-- A script as far as it can be read. `torn`: its last tactic is only begun. `why` says why it is
not wholly tactics of one proof. -/
structure Script where
  ictx : Parser.InputContext
  tactics : Option Syntax
  torn : Bool := false
  why : Option String := none

def declaredAbove : String := "example : True := by\n"

/-- Reads tactics as a file holds them: below a declaration, at their place and indentation. -/
def readScript (s : State) (text : String) : IO Script := do
  let ictx := inputContext (declaredAbove ++ "  " ++ joinLines "\n  " (text.splitOn "\n") ++ "\n")
  let pmctx : Parser.ParserModuleContext :=
    { env := s.core.env, options := s.options, currNamespace := s.currNamespace,
      openDecls := s.openDecls }
  let (stx, pos, log) := Parser.parseCommand ictx pmctx {} {}
  let tactics := stx.find? (·.isOfKind ``Parser.Tactic.tacticSeq)
  match firstErrorMessage log.toList with
  | some m => return { ictx, tactics, torn := true, why := some (← m.data.toString) }
  | none => do
    let (rest, _, more) := Parser.parseCommand ictx pmctx pos {}
    if let some m := firstErrorMessage more.toList then
      return { ictx, tactics, why := some (← m.data.toString) }
    if !rest.isOfKind ``Parser.Command.eoi then
      return { ictx, tactics, why := some "the text ends the proof and goes on with a command" }
    match tactics with
    | some found =>
      if tailOf found == tailOf stx then return { ictx, tactics }
      else return { ictx, tactics, why := some "the text goes on behind the tactics" }
    | none => return { ictx, tactics, why := some "the text is no tactic" }

/-- What is not wholly read as tactics of one proof is none. -/
def parseTactics (s : State) (text : String) : IO (Except String Syntax) := do
  let script ← readScript s text
  match script.tactics, script.why with
  | some tactics, none => return .ok tactics
  | _, some why => return .error why
  | none, none => return .error ""

mutual

/-- A tactic in which each `grind` without options of its own has these. -/
partial def withGrindOptions (options stx : Syntax) : Syntax :=
  match stx with
  | .node info kind args =>
    if kind == ``Parser.Tactic.grind then
      if h : 1 < args.size then
        if args[1].getNumArgs == 0 || args[1][0].getNumArgs == 0 then
          .node info kind (args.set 1 options)
        else stx
      else stx
    else .node info kind (withGrindOptionsIn options args 0)
  | _ => stx

partial def withGrindOptionsIn (options : Syntax) (args : Array Syntax) (i : Nat) : Array Syntax :=
  if h : i < args.size then
    withGrindOptionsIn options (args.set i (withGrindOptions options args[i])) (i + 1)
  else args

end

/-- A tactic whose `grind` instantiates theorems only so often: there it heeds no heartbeats (seen:
130,000 where 20,000 were allowed, in 7 s). -/
def withFewInstances (s : State) (stx : Syntax) (instances : Nat) : IO Syntax := do
  match stx.find? (·.isOfKind ``Parser.Tactic.grind) with
  | none => return stx
  | some _ =>
    match ← parseTactics s ("grind (instances := " ++ toString instances ++ ")") with
    | .error _ => return stx
    | .ok limited =>
      match limited.find? (·.isOfKind ``Parser.Tactic.optConfig) with
      | some options => return withGrindOptions options stx
      | none => return stx

def namesSorry (stx : Syntax) : Bool :=
  let found := stx.find? fun s =>
    s.isOfKind ``Parser.Term.sorry || s.isOfKind ``Parser.Tactic.tacticSorry
      || s.isOfKind ``Parser.Tactic.tacticAdmit
  match found with
  | some _ => true
  | none => false

/-- What in a proof would run a program of its own, read a file, or leave something behind beside
the proof (an attribute). -/
def runsCode (stx : Syntax) : Option String :=
  let found := stx.find? fun s =>
    let kind := s.getKind
    kind == `Lean.Parser.Tactic.runTac || kind == `Lean.byElab || kind == `Lean.includeStr
      || kind == `Lean.Parser.Term.unsafe || kind == `Lean.Parser.Tactic.bvCheck
      || kind == ``Parser.Term.attributes
  match found with
  | some s => some (firstToken s)
  | none => none
where
  firstToken (s : Syntax) : String :=
    match s with
    | .node _ kind args =>
      if h : 0 < args.size then
        match args[0] with
        | .atom _ text => text
        | _ => kind.toString
      else kind.toString
    | s => s.getKind.toString

/-- How Lean's commands set up unification (`mkMetaContext` in `Lean.Elab.Command`). -/
def metaContext : Meta.Context :=
  { keyedConfig :=
      ({ foApprox := true, ctxApprox := true } : Meta.Config).toConfigWithKey }

/-- The state after a tactic on some of its goals, the others hidden while it runs; or why it
failed, with the messages it left. -/
def evalOn (s : State) (goals : List MVarId) (stx : Syntax) (heartbeats start : Nat) :
    BaseIO (Except (Exception × MessageLog) State) := do
  let core ← ST.mkRef { s.core with messages := {} }
  let meta' ← ST.mkRef s.meta'
  let term ← ST.mkRef s.term
  let tactic ← ST.mkRef ({ goals } : Tactic.State)
  let act : TacticM Unit := do
    evalTactic stx
    Term.synthesizeSyntheticMVarsNoPostponing
    pruneSolvedGoals
  let done := act { elaborator := .anonymous, recover := false } tactic { errToSorry := false } term
    metaContext meta' (coreContext s.options s.currNamespace s.openDecls heartbeats start) core
  match ← EIO.toBaseIO done with
  | .error e => return .error (e, (← core.get).messages)
  | .ok _ =>
    return .ok { s with core := (← core.get), meta' := (← meta'.get), term := (← term.get),
                        goals := (← tactic.get).goals }

/-- The goals of a list that are still open, with their indices. -/
def unassigned : List MVarId → Nat → MetaM (List (Nat × MVarId))
  | [], _ => pure []
  | g :: gs, i => do
    let rest ← unassigned gs (i + 1)
    if ← g.isAssigned then return rest else return (i, g) :: rest

partial def mentions (names : Array Name) (n : Name) (i : Nat) : Bool :=
  if h : i < names.size then names[i] == n || mentions names n (i + 1) else false

/-- What a tactic is measured by: the environment before it, the axioms that it may use, and the
declaration that it may not appeal to. -/
structure Rules where
  before : Environment
  allowed : List Name
  self : Name

def withoutLevelMVars (e : Expr) : Expr :=
  e.replaceLevel fun l => match l with
    | .mvar _ => some levelZero
    | _ => none

/-- Has the kernel check the proof of a goal under its local context. -/
def checkGoal (env : Environment) (g : MVarId) : MetaM (Option String) := do
  let d ← g.getDecl
  let proof ← instantiateMVars (mkMVar g)
  let target ← instantiateMVars d.type
  let fvars := d.lctx.getFVars
  let value ← inGoal g do instantiateMVars (← mkLambdaFVars fvars proof)
  let type ← inGoal g do instantiateMVars (← mkForallFVars fvars target)
  let value := withoutLevelMVars value
  let type := withoutLevelMVars type
  let params := (collectLevelParams (collectLevelParams {} type) value).params
  let name := `_gym.goal
  let decl := Declaration.defnDecl
    { name, levelParams := pushNames params 0 [], type, value, hints := .opaque, safety := .safe,
      all := [name] }
  match ← kernelAdd env decl with
  | .ok _ => return none
  | .error e => return some ("gives a proof that the kernel rejects: " ++ e)

def occursInAny (e : Expr) : List LocalDecl → Bool
  | [] => false
  | h :: hs => (h.type.find? (· == e)).isSome || occursInAny e hs

/-- A proof without each `sorry` that its goal has too: there it stands for another hole. -/
def withoutGiven (g : MVarId) (proof : Expr) : MetaM Expr := do
  if !proof.hasSorry then return proof
  let d ← g.getDecl
  let target ← instantiateMVars d.type
  let hyps := localDecls d.lctx d.lctx.getFVars 0
  return proof.replace fun e =>
    if e.isSorry && ((target.find? (· == e)).isSome || occursInAny e hyps) then some (mkConst ``Unit)
    else none

/-- Why the proofs of some goals do not count, as far as they go. -/
def fault (rules : Rules) (complete : Bool) : List MVarId → MetaM (Option String)
  | [] => pure none
  | g :: gs => do
    let proof ← withoutGiven g (← instantiateMVars (mkMVar g))
    if proof.hasSorry then return some "sorry"
    if complete && proof.hasExprMVar then return some "leaves metavariables unassigned"
    if !rules.self.isAnonymous && mentions proof.getUsedConstants rules.self 0 then
      return some "appeals to what is to be proved"
    match ← addUsed rules.before (← getEnv) rules.allowed (usedBy proof []) with
    | .error why => return some why
    | .ok env => do
      if complete then
        if let some why ← checkGoal env g then return some why
      fault rules complete gs

/-- Whether a `let rec` is still to become a declaration, which the command around the proof does. -/
def liftsAny : List Term.LetRecToLift → Bool
  | [] => false
  | _ => true

/-- After a tactic on the goals `visible` with the goals `hidden`: the groups of goals that are
left, or why the tactic does not count. Of the hidden goals, those still open are given by index. -/
def afterTactic (rules : Rules) (lifted : Bool) (visible new hidden : List MVarId) :
    MetaM (Except String (List Group × List String)) := do
  let kept ← unassigned hidden 1
  let goals := append new (groupMembers kept)
  let complete := match goals with
    | [] => true
    | _ => false
  if let some why ← fault rules (complete && !lifted) visible then return .error why
  match goals with
  | [] => return .ok ([], [])
  | goals => return .ok (← groupGoals goals 0 [], indices kept)

/-! ## The table of states and environments -/

structure Gym where
  states : Array (Option State) := #[]
  envs : Array (Option Env) := #[]
  /-- Environments by the imports they hold: importing again would cost the memory again. -/
  bases : List (String × Environment) := []
  /-- Theorems that `grind` takes and that it does not, each with the hash of its statement. -/
  taken : NameSet := {}
  untaken : NameSet := {}
--#if embedded
  /-- The modules of `Init`, if they have been read: whatever else is imported goes on from them. -/
  init : Option ImportState := none
--#endif

abbrev GymRef := IO.Ref Gym

def addState (ref : GymRef) (s : State) : BaseIO Nat := do
  let gym ← ref.get
  ref.set { gym with states := gym.states.push (some s) }
  return gym.states.size

def addEnv (ref : GymRef) (e : Env) : BaseIO Nat := do
  let gym ← ref.get
  ref.set { gym with envs := gym.envs.push (some e) }
  return gym.envs.size

def getState (ref : GymRef) (id : Nat) : BaseIO (Option State) := do
  let gym ← ref.get
  if h : id < gym.states.size then return gym.states[id] else return none

def getEnv' (ref : GymRef) (id : Nat) : BaseIO (Option Env) := do
  let gym ← ref.get
  if h : id < gym.envs.size then return gym.envs[id] else return none

def freeStates (states : Array (Option State)) : List Nat → Array (Option State)
  | [] => states
  | id :: ids => freeStates (states.set! id none) ids

def freeEnvs (envs : Array (Option Env)) : List Nat → Array (Option Env)
  | [] => envs
  | id :: ids => freeEnvs (envs.set! id none) ids

def addGroups (ref : GymRef) (s : State) : List Group → EIO Exception (List String)
  | [] => pure []
  | g :: gs => do
    let state := { s with goals := groupMembers g.goals }
    let id ← addState ref state
    let one ← stateJson id state
    let rest ← addGroups ref s gs
    return one :: rest

/-- For every goal, in Lean's order, the index of its group. -/
def goalOrder (groups : List Group) (total : Nat) : List String :=
  let rec groupOf (i : Nat) : List Group → Nat → Nat
    | [], k => k
    | g :: gs, k => if hasIndex i g.goals then k else groupOf i gs (k + 1)
  let rec go : Nat → List String
    | 0 => []
    | n + 1 => toString (groupOf (total - (n + 1)) groups 0) :: go n
  go total
where
  hasIndex (i : Nat) : List (Nat × MVarId) → Bool
    | [] => false
    | (j, _) :: gs => i == j || hasIndex i gs

def countGoals : List Group → Nat
  | [] => 0
  | g :: gs => countMembers g.goals + countGoals gs
where
  countMembers : List (Nat × MVarId) → Nat
    | [] => 0
    | _ :: gs => countMembers gs + 1

def run (ref : GymRef) (req : Json) (start : Nat) : IO Outcome := do
  match getNat req "state", getStr req "tactic", getNat req "heartbeats", getNat req "instances" with
  | .ok id, .ok text, .ok heartbeats, .ok instances => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    match s.goals with
    | [] => return .failed "unknown" "the state has no goals"
    | g :: rest =>
      match ← parseTactics s text with
      | .error e => return .failed "parse" e
      | .ok stx =>
        if namesSorry stx then return .failed "sorry" "the tactic names sorry"
        if let some what := runsCode stx then
          return .failed "forbidden" (what ++ " is more than a proof: it runs a program or changes what comes after")
        let rules : Rules := { before := s.core.env, allowed := getNames req "allowed", self := s.self }
        let whole := getBool req "whole"
        let (visible, hidden) := if whole then (s.goals, []) else ([g], rest)
        let stx ← if whole then pure stx else withFewInstances s stx instances
        match ← evalOn s visible stx heartbeats start with
        | .error (e, log) => do
          let notes ← readMessages log.toList
          match e with
          | .internal .. => return .failed "tactic" (firstError notes)
          | e => failure e
        | .ok new =>
          let notes ← readMessages new.core.messages.toList
          if hasError notes then return .failed "tactic" (firstError notes)
          match ← EIO.toIO' (new.query (afterTactic rules (liftsAny new.term.letRecsToLift) visible new.goals hidden)) with
          | .error e => failure e
          | .ok (.error "sorry") => return .failed "sorry" "the proof contains sorry"
          | .ok (.error why) => return .failed "tactic" ("the tactic " ++ why)
          | .ok (.ok (split, kept)) =>
            let groups := if whole then join split else split
            match ← EIO.toIO' (addGroups ref new groups) with
            | .error e => failure e
            | .ok states =>
              return .ok (field "states" (array states)
                ++ field "order" (array (goalOrder groups (countGoals groups)))
                ++ field "kept" (array kept)
                ++ field "messages" (array (notesJson notes)))
  | .error e, _, _, _ | _, .error e, _, _ | _, _, .error e, _ | _, _, _, .error e =>
    return .failed "request" e

/-! ## The steps of a script -/

mutual

/-- The tactics of a sequence, before `acc`; those of bullets, braces and parentheses one by one. -/
partial def stepsIn (stx : Syntax) (acc : List Syntax) : List Syntax :=
  match stx with
  | .node _ kind args =>
    if kind == nullKind || kind == ``Parser.Tactic.tacticSeq
        || kind == ``Parser.Tactic.tacticSeq1Indented
        || kind == ``Parser.Tactic.tacticSeqBracketed then stepsOf args 0 acc
    else if kind == ``Lean.cdot || kind == ``Parser.Tactic.paren then
      match stx.find? (·.isOfKind ``Parser.Tactic.tacticSeq) with
      | some tactics => stepsIn tactics acc
      | none => stx :: acc
    else stx :: acc
  | _ => acc

partial def stepsOf (args : Array Syntax) (i : Nat) (acc : List Syntax) : List Syntax :=
  if h : i < args.size then stepsIn args[i] (stepsOf args (i + 1) acc) else acc

end

/-- Where steps begin and end in the text of a script, which stands two columns further right in what
was read; without the last one if it is `torn`. -/
def stepPlaces (ictx : Parser.InputContext) (torn : Bool) : List Syntax → List String
  | [] => []
  | [s] => if torn then [] else [placesOf s]
  | s :: ss => placesOf s :: stepPlaces ictx torn ss
where
  placesOf (s : Syntax) : String := array [place (byteStart s), place (tailOf s)]
  place (p : Nat) : String :=
    toString (p - declaredAbove.utf8ByteSize - 2 * ((ictx.fileMap.toPosition ⟨p⟩).line - 1))

def scriptSteps (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "state", getStr req "script" with
  | .ok id, .ok text => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    let script ← readScript s text
    let steps := match script.tactics with
      | some tactics => stepsIn tactics []
      | none => []
    return .ok (field "steps" (array (stepPlaces script.ictx script.torn steps))
      ++ field "rest" (bool (match script.why with
        | some _ => true
        | none => false)))
  | .error e, _ | _, .error e => return .failed "request" e

/-! ## Sending what a text made to another process

Declarations travel as tables of JSON: names, universe levels and terms, each row referring to
earlier ones (after leanprover/lean4export; `Judge.lean` reads them). Binder names and metadata stay
behind, so equal tables mean terms that the kernel cannot tell apart. -/

def nameParts : Name → List String → List String
  | .anonymous, acc => acc
  | .str p s, acc => nameParts p (quote s :: acc)
  | .num p k, acc => nameParts p (toString k :: acc)

/-- A name as the array of its parts. -/
def nameJson (n : Name) : String := array (nameParts n [])

/-- Rows as JSON text, and where each value stands. -/
structure Table (α : Type) where
  buckets : IO.Ref (Array (List (α × Nat)))
  rows : IO.Ref String
  size : IO.Ref Nat

def bucketCount : Nat := 16381

def newTable (α : Type) : IO (Table α) := do
  let buckets ← ST.mkRef (Array.replicate bucketCount ([] : List (α × Nat)))
  let rows ← ST.mkRef ""
  let size ← ST.mkRef 0
  return { buckets, rows, size }

def rowIn (same : α → Bool) : List (α × Nat) → Option Nat
  | [] => none
  | (y, i) :: rest => if same y then some i else rowIn same rest

def Table.find (t : Table α) (hash : UInt64) (same : α → Bool) : IO (Option Nat) := do
  let buckets ← t.buckets.get
  let i := hash.toNat % bucketCount
  if h : i < buckets.size then return rowIn same buckets[i] else return none

def Table.add (t : Table α) (hash : UInt64) (x : α) (row : String) : IO Nat := do
  let size ← t.size.get
  let i := hash.toNat % bucketCount
  let buckets ← t.buckets.get
  let bucket := if h : i < buckets.size then buckets[i] else []
  t.buckets.modify fun buckets => buckets.set! i ((x, size) :: bucket)
  t.rows.modify fun rows => if rows == "" then row else rows ++ "," ++ row
  t.size.set (size + 1)
  return size

/-- The rows since they were last taken. -/
def Table.take (t : Table α) : IO String := do
  let rows ← t.rows.get
  t.rows.set ""
  return "[" ++ rows ++ "]"

structure Writer where
  names : Table Name
  levels : Table Level
  exprs : Table Expr

def newWriter : IO Writer := do
  let names ← newTable Name
  let levels ← newTable Level
  let exprs ← newTable Expr
  return { names, levels, exprs }

def row (items : List String) : String := array items

/-- The row of a name, counted from 1; the anonymous name is 0. -/
partial def Writer.name (w : Writer) (n : Name) : IO Nat := do
  match n with
  | .anonymous => return 0
  | .str p s => do
    match ← w.names.find n.hash (· == n) with
    | some i => return i + 1
    | none => do
      let p ← w.name p
      return (← w.names.add n.hash n (row [toString p, quote s])) + 1
  | .num p k => do
    match ← w.names.find n.hash (· == n) with
    | some i => return i + 1
    | none => do
      let p ← w.name p
      return (← w.names.add n.hash n (row [toString p, toString k])) + 1

partial def Writer.level (w : Writer) (l : Level) : IO Nat := do
  match ← w.levels.find l.hash (· == l) with
  | some i => return i
  | none => do
    let text ← match l with
      | .zero => pure (row ["0"])
      | .succ a => do
        let a ← w.level a
        pure (row ["1", toString a])
      | .max a b => do
        let a ← w.level a
        let b ← w.level b
        pure (row ["2", toString a, toString b])
      | .imax a b => do
        let a ← w.level a
        let b ← w.level b
        pure (row ["3", toString a, toString b])
      | .param n => do
        let n ← w.name n
        pure (row ["4", toString n])
      | .mvar _ => throw (IO.userError "a universe level is left open")
    w.levels.add l.hash l text

def Writer.levelRows (w : Writer) : List Level → IO (List String)
  | [] => pure []
  | l :: ls => do
    let one ← w.level l
    let rest ← w.levelRows ls
    return toString one :: rest

def Writer.nameRows (w : Writer) : List Name → IO (List String)
  | [] => pure []
  | n :: ns => do
    let one ← w.name n
    let rest ← w.nameRows ns
    return toString one :: rest

def binderRow : BinderInfo → String
  | .default => "0"
  | .implicit => "1"
  | .strictImplicit => "2"
  | .instImplicit => "3"

partial def Writer.expr (w : Writer) (e : Expr) : IO Nat := do
  match e with
  | .mdata _ e => w.expr e
  | _ => do
    match ← w.exprs.find e.hash (· == e) with
    | some i => return i
    | none => do
      let text ← match e with
        | .bvar i => pure (row ["0", toString i])
        | .sort l => do
          let l ← w.level l
          pure (row ["1", toString l])
        | .const n ls => do
          let n ← w.name n
          let ls ← w.levelRows ls
          pure (row ["2", toString n, array ls])
        | .app f a => do
          let f ← w.expr f
          let a ← w.expr a
          pure (row ["3", toString f, toString a])
        | .lam _ t b info => do
          let t ← w.expr t
          let b ← w.expr b
          pure (row ["4", toString t, toString b, binderRow info])
        | .forallE _ t b info => do
          let t ← w.expr t
          let b ← w.expr b
          pure (row ["5", toString t, toString b, binderRow info])
        | .letE _ t v b nondep => do
          let t ← w.expr t
          let v ← w.expr v
          let b ← w.expr b
          pure (row ["6", toString t, toString v, toString b, if nondep then "1" else "0"])
        | .lit (.natVal n) => pure (row ["7", quote (toString n)])
        | .lit (.strVal s) => pure (row ["8", quote s])
        | .proj n i e => do
          let n ← w.name n
          let e ← w.expr e
          pure (row ["9", toString n, toString i, toString e])
        | .mvar _ => throw (IO.userError "a metavariable is left open")
        | .fvar _ => throw (IO.userError "a variable is not bound")
        | .mdata _ _ => pure "[]"
      w.exprs.add e.hash e text

/-- The rows of all tables since they were last taken. -/
def Writer.take (w : Writer) : IO String := do
  let names ← w.names.take
  let levels ← w.levels.take
  let exprs ← w.exprs.take
  return field "names" names ++ field "levels" levels ++ field "exprs" exprs

def Writer.constructors (w : Writer) : List Constructor → IO (List String)
  | [] => pure []
  | c :: cs => do
    let n ← w.name c.name
    let t ← w.expr c.type
    let rest ← w.constructors cs
    return row [toString n, toString t] :: rest

def Writer.types (w : Writer) : List InductiveType → IO (List String)
  | [] => pure []
  | i :: is => do
    let n ← w.name i.name
    let t ← w.expr i.type
    let cs ← w.constructors i.ctors
    let rest ← w.types is
    return row [toString n, toString t, array cs] :: rest

def Writer.constant (w : Writer) (kind : String) (n : Name) (levels : List Name) (type : Expr)
    (value : Option Expr) (hints : String) : IO String := do
  let n ← w.name n
  let ls ← w.nameRows levels
  let t ← w.expr type
  let v ← match value with
    | some v => do
      let v ← w.expr v
      pure (field "value" (toString v))
    | none => pure ""
  return "{\"kind\":" ++ quote kind ++ field "name" (toString n) ++ field "levels" (array ls)
    ++ field "type" (toString t) ++ v ++ field "hints" hints ++ "}"

/-- What the kernel is told of unfolding a definition: 0 never first, 1 at once, 2 + its height. -/
def hintsJson : ReducibilityHints → String
  | .opaque => "0"
  | .abbrev => "1"
  | .regular height => toString (height.toNat + 2)

def Writer.declaration (w : Writer) : Declaration → IO String
  | .axiomDecl v => w.constant "axiom" v.name v.levelParams v.type none "0"
  | .thmDecl v => w.constant "theorem" v.name v.levelParams v.type (some v.value) "0"
  | .opaqueDecl v => w.constant "opaque" v.name v.levelParams v.type (some v.value) "0"
  | .defnDecl v => w.constant "def" v.name v.levelParams v.type (some v.value) (hintsJson v.hints)
  | .inductDecl levels params types _ => do
    let ls ← w.nameRows levels
    let ts ← w.types types
    return "{\"kind\":\"inductive\"" ++ field "levels" (array ls) ++ field "params" (toString params)
      ++ field "types" (array ts) ++ "}"
  | _ => throw (IO.userError "a declaration of an unexpected kind")

def namesMade : Declaration → List Name
  | .axiomDecl v => [v.name]
  | .thmDecl v => [v.name]
  | .opaqueDecl v => [v.name]
  | .defnDecl v => [v.name]
  | .inductDecl _ _ types _ => typeNames types
  | _ => []
where
  typeNames : List InductiveType → List Name
    | [] => []
    | t :: ts => t.name :: typeNames ts

def Writer.unfit (w : Writer) (why : String) : List Name → IO (List String)
  | [] => pure []
  | n :: ns => do
    let i ← w.name n
    let rest ← w.unfit why ns
    return ("{\"kind\":\"unfit\"" ++ field "name" (toString i) ++ field "why" (quote why) ++ "}") :: rest

def Writer.faults (w : Writer) : List (Name × String) → IO (List String)
  | [] => pure []
  | (n, why) :: rest => do
    let one ← w.unfit why [n]
    return append one (← w.faults rest)

/-- Declarations as rows; one that is no closed term is named with the reason. -/
def Writer.declarations (w : Writer) : List Declaration → IO (List String)
  | [] => pure []
  | d :: ds => do
    let one ← match ← EIO.toIO' (w.declaration d) with
      | .ok text => pure [text]
      | .error e => w.unfit (toString e) (namesMade d)
    let rest ← w.declarations ds
    return append one rest

/-- A segment of what is sent: some constants with all they rest on that is neither imported nor
sent already. `beside`: what comes after does not build on it. -/
def Writer.segment (w : Writer) (env : Environment) (known : Name → Bool) (seen : NameSet)
    (names : List Name) (beside : Bool) : IO (NameSet × String) := do
  let all := closure env known { seen } names
  let faults ← w.faults all.faults
  let decls ← w.declarations (inOrder all.decls [])
  let tables ← w.take
  return (if beside then seen else all.seen,
    "{\"beside\":" ++ bool beside ++ tables ++ field "decls" (array (append faults decls)) ++ "}")

/-! ## Holes -/

partial def findInstances (fvars : Array Expr) (i : Nat) (acc : LocalInstances) :
    MetaM LocalInstances := do
  if h : i < fvars.size then
    let type ← inferType fvars[i]
    match ← isClass? type with
    | some className => findInstances fvars (i + 1) (acc.push { className, fvar := fvars[i] })
    | none => findInstances fvars (i + 1) acc
  else return acc

/-- Removes the names of the declarations being defined: a proof may not appeal to itself. -/
partial def dropSelf (lctx : LocalContext) (fvars : Array Expr) (i : Nat) : LocalContext :=
  if h : i < fvars.size then
    let id := fvars[i].fvarId!
    match lctx.find? id with
    | some d => dropSelf (if d.isAuxDecl then lctx.erase id else lctx) fvars (i + 1)
    | none => dropSelf lctx fvars (i + 1)
  else lctx

def freshGoal (lctx : LocalContext) (type : Expr) (tag : Name) : MetaM MVarId := do
  let lctx := dropSelf lctx lctx.getFVars 0
  let inside : MetaM LocalInstances := findInstances lctx.getFVars 0 #[]
  let instances ← fun ctx => inside { ctx with lctx := lctx }
  let e ← mkFreshExprMVarAt lctx instances (← instantiateMVars type) .syntheticOpaque tag
  return e.mvarId!

partial def allIn (env : Environment) (names : Array Name) (i : Nat) : Bool :=
  if h : i < names.size then env.contains names[i] && allIn env names (i + 1) else true

/-- The state at a hole, in the environment before its declaration, unless the goal needs what the
declaration itself has made (a `match` in a statement); also whether a proposition is to be proved
there, and whether it mentions another hole. -/
def holeState (ctx : ContextInfo) (before : Environment) (mctx : MetavarContext)
    (goal : MetaM MVarId) : EIO Exception (State × Bool × Bool) := do
  let self := match ctx.parentDecl? with
    | some n => n
    | none => .anonymous
  let levels := match ctx.env.find? self with
    | some info => info.levelParams
    | none => []
  let s : State :=
    { core := { env := ctx.env, ngen := ctx.ngen }, meta' := { mctx }, term := { levelNames := levels }
      options := ctx.options, currNamespace := ctx.currNamespace, openDecls := ctx.openDecls
      goals := [], self := .anonymous }
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef s.core
  let meta' ← ST.mkRef s.meta'
  let coreCtx := coreContext s.options s.currNamespace s.openDecls 200000 start
  let g ← goal {} meta' coreCtx core
  let closed ← inGoal g (closedGoal g) {} meta' coreCtx core
  let prop ← try inGoal g (do Meta.isProp (← g.getType)) {} meta' coreCtx core catch _ => pure true
  let used := closed.getUsedConstants
  let coupled := mentions used ``sorryAx 0
  let core ← core.get
  let s := { s with meta' := (← meta'.get), goals := [g] }
  if allIn before used 0 then
    return ({ s with core := { core with env := before } }, prop, coupled)
  return ({ s with core, self }, prop, coupled)

def tacticGoal (g : MVarId) : MetaM MVarId := do
  let d ← g.getDecl
  freshGoal d.lctx d.type d.userName

/-- The goal of a hole whose type was found only later. -/
def lateGoal (lctx : LocalContext) (e : Expr) : MetaM MVarId := do
  let type ← fun ctx => (inferType e : MetaM Expr) { ctx with lctx := lctx }
  freshGoal lctx type .anonymous

/-- What a search for holes carries along. -/
structure Search where
  before : Environment
  ref : IO.Ref (List Hole)
  sides : IO.Ref (List Environment)
  inside : Bool

def addHole (s : Search) (ctx : ContextInfo) (stx : Syntax) (tactic : Bool)
    (mctx : MetavarContext) (goal : MetaM MVarId) : IO Unit := do
  match stx.getHeadInfo with
  | .original .. =>
    match ← EIO.toIO' (holeState ctx s.before mctx goal) with
    | .ok (state, prop, coupled) => s.ref.modify fun holes =>
        { first := byteStart stx, last := tailOf stx, tactic, prop, coupled, state } :: holes
    | .error _ => pure ()
  | _ => pure ()  -- a macro wrote it: there is no place for a proof

/-- Whether an environment has under a name what one of some others has. -/
def isAmong (env : Environment) (name : Name) : List Environment → Bool
  | [] => false
  | other :: rest =>
    (match env.find? name, other.find? name with
      | some a, some b => a.type == b.type && a.value? (allowOpaque := true) == b.value? (allowOpaque := true)
      | _, _ => false) || isAmong env name rest

/-- An `example` leaves nothing in the environment: the one that it was made in is kept. -/
def enter (s : Search) (ctx? : Option ContextInfo) : IO Search := do
  match ctx? with
  | some ctx =>
    let name := ctx.currNamespace ++ `_example
    if !s.inside && ctx.env.contains name && !s.before.contains name then
      let known ← s.sides.get
      if !isAmong ctx.env name known then s.sides.set (ctx.env :: known)
      let { before, ref, sides, inside := _ } := s
      return { before, ref, sides, inside := true }
    return s
  | none => return s

mutual

partial def holesOf (s : Search) (ctx? : Option ContextInfo) : InfoTree → IO Unit
  | .context partialCtx tree => do
    let ctx? := partialCtx.mergeIntoOuter? ctx?
    holesOf (← enter s ctx?) ctx? tree
  | .hole _ => pure ()
  | .node info children => do
    match ctx?, info with
    | some ctx, .ofTacticInfo i =>
      if i.stx.isOfKind ``Parser.Tactic.tacticSorry then
        match i.goalsBefore with
        | g :: _ => addHole s ctx i.stx true i.mctxBefore (tacticGoal g)
        | [] => pure ()
      else
        holesOfNode s ctx? children.root
        holesOfArray s ctx? children.tail 0
    | some ctx, .ofTermInfo i =>
      if i.stx.isOfKind ``Parser.Term.sorry then
        match i.expectedType? with
        | some type => addHole s ctx i.stx false ctx.mctx (freshGoal i.lctx type .anonymous)
        | none => addHole s ctx i.stx false ctx.mctx (lateGoal i.lctx i.expr)
      else
        holesOfNode s ctx? children.root
        holesOfArray s ctx? children.tail 0
    | _, _ =>
      holesOfNode s ctx? children.root
      holesOfArray s ctx? children.tail 0

partial def holesOfNode (s : Search) (ctx? : Option ContextInfo) :
    PersistentArrayNode InfoTree → IO Unit
  | .node children => holesOfNodes s ctx? children 0
  | .leaf trees => holesOfArray s ctx? trees 0

partial def holesOfNodes (s : Search) (ctx? : Option ContextInfo)
    (nodes : Array (PersistentArrayNode InfoTree)) (i : Nat) : IO Unit := do
  if h : i < nodes.size then
    holesOfNode s ctx? nodes[i]
    holesOfNodes s ctx? nodes (i + 1)

partial def holesOfArray (s : Search) (ctx? : Option ContextInfo) (trees : Array InfoTree)
    (i : Nat) : IO Unit := do
  if h : i < trees.size then
    holesOf s ctx? trees[i]
    holesOfArray s ctx? trees (i + 1)

end

/-! ## What a command makes -/

def isBody (stx : Syntax) : Bool :=
  stx.isOfKind ``Parser.Command.declValSimple || stx.isOfKind ``Parser.Command.declValEqns
    || stx.isOfKind ``Parser.Command.whereStructInst

/-- A part of a command that a declaration is written in: its place, that of its body, the name that
it is given there, and what in the body is more than a proof. -/
def pieceJson (currNamespace : Name) (stx : Syntax) : String :=
  let id := match stx.find? (·.isOfKind ``Parser.Command.declId) with
    | some id => nameJson (fullName id[0].getId)
    | none => "null"
  let body := match stx.find? isBody with
    | some body =>
      field "body" (toString (byteStart body)) ++ field "body_end" (toString (tailOf body))
        ++ field "more" (match runsCode body with
          | some what => quote what
          | none => "null")
    | none => field "body" "null" ++ field "body_end" "null" ++ field "more" "null"
  "{\"first\":" ++ toString (byteStart stx) ++ field "last" (toString (tailOf stx))
    ++ field "kind" (quote (if stx.isOfKind ``Parser.Command.declaration then stx[1].getKind.toString
      else stx.getKind.toString))
    ++ field "id" id ++ body ++ "}"
where
  fullName (short : Name) : Name :=
    if (`_root_).isPrefixOf short then short.replacePrefix `_root_ .anonymous
    else currNamespace ++ short

mutual

/-- The declarations of a command, as they are written. -/
partial def declarationsIn (stx : Syntax) (acc : List Syntax) : List Syntax :=
  if stx.isOfKind ``Parser.Command.declaration then stx :: acc
  else match stx with
    | .node _ _ args => declarationsOf args 0 acc
    | _ => acc

partial def declarationsOf (args : Array Syntax) (i : Nat) (acc : List Syntax) : List Syntax :=
  if h : i < args.size then declarationsIn args[i] (declarationsOf args (i + 1) acc) else acc

end

def piecesJson (currNamespace : Name) (stx : Syntax) : List String :=
  match declarationsIn stx [] with
  | [] => [pieceJson currNamespace stx]
  | some' => go some'
where
  go : List Syntax → List String
    | [] => []
    | s :: ss => pieceJson currNamespace s :: go ss

/-- Constants of a table, without those of an environment. -/
partial def newIn (before : Environment) (node : PersistentHashMap.Node Name ConstantInfo)
    (acc : List ConstantInfo) : List ConstantInfo :=
  match node with
  | .entries es => entries es 0 acc
  | .collision _ vs _ => values vs 0 acc
where
  entries (es : Array (PersistentHashMap.Entry Name ConstantInfo (PersistentHashMap.Node Name ConstantInfo)))
      (i : Nat) (acc : List ConstantInfo) : List ConstantInfo :=
    if h : i < es.size then
      match es[i] with
      | .entry _ info => entries es (i + 1) (if before.contains info.name then acc else info :: acc)
      | .ref node => entries es (i + 1) (newIn before node acc)
      | .null => entries es (i + 1) acc
    else acc
  values (vs : Array ConstantInfo) (i : Nat) (acc : List ConstantInfo) : List ConstantInfo :=
    if h : i < vs.size then
      values vs (i + 1) (if before.contains vs[i].name then acc else vs[i] :: acc)
    else acc

/-- Constants that an environment has and another does not. -/
def newConstants (before after : Environment) : List ConstantInfo :=
  newIn before after.constants.map₂.root []

def namesOf : List ConstantInfo → List Name
  | [] => []
  | c :: cs => c.name :: namesOf cs

/-- What `syntax`, `macro` and `notation` make of themselves. -/
def syntaxTypes : List Name :=
  [``ParserDescr, ``TrailingParserDescr, ``Lean.Macro, `Lean.PrettyPrinter.Unexpander]

def constantKind : ConstantInfo → String
  | .axiomInfo v => if v.isUnsafe then "unsafe" else "axiom"
  | .thmInfo _ => "theorem"
  | .defnInfo v =>
    match v.safety with
    | .safe => if memName v.type.getAppFn.constName syntaxTypes then "syntax" else "def"
    | _ => "unsafe"
  | .opaqueInfo v => if v.isUnsafe then "unsafe" else "opaque"
  | .inductInfo v => if v.isUnsafe then "unsafe" else "inductive"
  | .ctorInfo _ => "constructor"
  | .recInfo _ => "recursor"
  | .quotInfo _ => "quotient"

partial def isMadeUp : Name → Bool
  | .anonymous => false
  | n => n.isInternalDetail || isMadeUp n.getPrefix

/-- Whether Lean made a constant to go with another. Some of what it makes of a public one is private. -/
def isAuxiliary (env : Environment) (n : Name) : Bool :=
  let plain := n.eraseMacroScopes
  (if isPrivateName plain then isMadeUp (privateToUserName plain) else plain.isInternalDetail)
    || isAuxRecursor env n || isNoConfusion env n || env.isProjectionFn n
    || Meta.isMatcherCore env n || isReservedName env n

def isSorryText : Expr → Bool
  | .lit (.strVal s) => s == "sorry" || s == "admit"
  | _ => false

/-- Whether a term holds `sorry`, or is a tactic that does, which Lean runs where it is used (the
default of a structure's field). -/
def isLeftOpen (type value : Expr) : Bool :=
  mentions value.getUsedConstants ``sorryAx 0
    || (type.isConstOf ``Lean.Syntax && match value.find? isSorryText with
      | some _ => true
      | none => false)

def holdsSorry (info : ConstantInfo) : Bool :=
  mentions info.type.getUsedConstants ``sorryAx 0
    || match info.value? (allowOpaque := true) with
      | some value => isLeftOpen info.type value
      | none => false

/-- A constant: its name, what it is, and whether its term holds `sorry`. -/
def constantJson (env : Environment) (kind : String) (info : ConstantInfo) : String :=
  let n := info.name
  "{\"name\":" ++ nameJson n ++ field "shown" (quote (privateToUserName n).eraseMacroScopes.toString)
    ++ field "kind" (quote kind) ++ field "auxiliary" (bool (isAuxiliary env n))
    ++ field "sorry" (bool (holdsSorry info)) ++ "}"

def constantsJson (env : Environment) : List ConstantInfo → List String
  | [] => []
  | c :: cs => constantJson env (constantKind c) c :: constantsJson env cs

def isPropIn (env : Environment) (type : Expr) : BaseIO Bool := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef ({ env } : Core.State)
  let meta' ← ST.mkRef ({} : Meta.State)
  match ← EIO.toBaseIO (Meta.isProp type {} meta' (coreContext {} .anonymous [] 200000 start) core) with
  | .ok prop => return prop
  | .error _ => return false

/-- As `constantsJson`; an `example` of a proposition is a theorem, which Lean does not say. -/
def sideJson (env : Environment) : List ConstantInfo → BaseIO (List String)
  | [] => pure []
  | c :: cs => do
    let kind ← match c.name with
      | .str _ "_example" => do
        if ← isPropIn env c.type then pure "theorem" else pure (constantKind c)
      | _ => pure (constantKind c)
    return constantJson env kind c :: (← sideJson env cs)

def sidesJson (before : Environment) : List Environment → BaseIO (List String)
  | [] => pure []
  | env :: rest => do
    let one ← sideJson env (newConstants before env)
    return array one :: (← sidesJson before rest)

/-- Names as arrays of their parts, from index `i`. -/
partial def namesFrom (items : Array Json) (i : Nat) : List Name :=
  if h : i < items.size then
    match items[i] with
    | .arr parts => name parts 0 .anonymous :: namesFrom items (i + 1)
    | _ => namesFrom items (i + 1)
  else []
where
  name (parts : Array Json) (i : Nat) (n : Name) : Name :=
    if h : i < parts.size then
      match parts[i] with
      | .str s => name parts (i + 1) (.str n s)
      | other => match other.getNat? with
        | .ok k => name parts (i + 1) (.num n k)
        | .error _ => name parts (i + 1) n
    else n

/-! ## Context of a goal

What the user's own constants in a goal are, and which theorems stand before it. -/

/-- The arguments of an application. -/
def argumentsOf (e : Expr) (acc : Array Expr) : Array Expr :=
  match e with
  | .app f a => (argumentsOf f acc).push a
  | .mdata _ e => argumentsOf e acc
  | _ => acc

/-- A type as a tree: a number is the binder (counted from the outside) that it is, a string a
constant, either of them first in an array before its arguments; `null` is what fits neither. -/
partial def typeTree (env : Environment) (depth : Nat) (e : Expr) : String :=
  match e with
  | .mdata _ e => typeTree env depth e
  | .bvar i => if i < depth then toString (depth - i - 1) else "null"
  | .sort l => if l.isZero then quote "Prop" else quote "Type"
  | .forallE _ a b _ =>
    if b.hasLooseBVar 0 then "null"
    else array [quote "→", typeTree env depth a, typeTree env (depth + 1) b]
  | e =>
    match e.getAppFn with
    | .const n _ =>
      let args := argumentsOf e #[]
      if args.size == 0 then quote n.toString
      else array (quote n.toString :: argTrees args 0)
    | .bvar _ =>
      let args := argumentsOf e #[]
      array (typeTree env depth e.getAppFn :: argTrees args 0)
    | _ => "null"
where
  argTrees (args : Array Expr) (i : Nat) : List String :=
    if h : i < args.size then typeTree env depth args[i] :: argTrees args (i + 1) else []

def binderKind : BinderInfo → String
  | .default => "explicit"
  | .implicit => "implicit"
  | .strictImplicit => "implicit"
  | .instImplicit => "instance"

/-- The binders of a type, and what is behind them. -/
partial def signature (env : Environment) (depth : Nat) : Expr → List String × String
  | .mdata _ e => signature env depth e
  | .forallE n t b info =>
    let (rest, result) := signature env (depth + 1) b
    (array [quote n.eraseMacroScopes.toString, quote (binderKind info), typeTree env depth t] :: rest, result)
  | e => ([], typeTree env depth e)

/-- What a tactic can call a constant, as short as it is clear here. -/
def shownName (n : Name) (levels : List Name) : MetaM String := do
  let text := (← Meta.ppExpr (.const n (params levels))).pretty
  let text := match text.splitOn "@" with
    | ["", rest] => rest
    | _ => text
  return if text.contains ' ' || text.contains '\n' || text == "" then n.toString else text
where
  params : List Name → List Level
    | [] => []
    | l :: ls => .param l :: params ls

/-- The statement of an equation with its variables as free ones, named by their place. -/
partial def opened (e : Expr) (i : Nat) : Expr :=
  match e with
  | .mdata _ e => opened e i
  | .forallE _ _ b _ => opened (b.instantiate1 (.fvar ⟨.num `_gym.var i⟩)) (i + 1)
  | e => e

def isCtorApp (env : Environment) (e : Expr) : Bool :=
  match e with
  | .lit _ => true
  | e =>
    match e.getAppFn with
    | .const n _ =>
      match env.find? n with
      | some (.ctorInfo _) => true
      | _ => n == ``OfNat.ofNat || n == ``HAdd.hAdd
    | _ => false

/-- What an equation of a function has at each argument: a variable, a pattern, or something else. -/
partial def patterns (env : Environment) (args : Array Expr) (i : Nat) : List String :=
  if h : i < args.size then
    (if args[i].isFVar then quote "variable"
      else if isCtorApp env args[i] then quote "pattern" else quote "other")
      :: patterns env args (i + 1)
  else []

partial def kept (left call : Array Expr) (i : Nat) : List String :=
  if h : i < left.size then
    if h' : i < call.size then bool (left[i] == call[i]) :: kept left call (i + 1)
    else bool false :: kept left call (i + 1)
  else []

/-- The calls of a function in a term: for each argument, whether it is the one on the left. -/
partial def callsIn (f : Name) (left : Array Expr) (e : Expr) (acc : List String) : List String :=
  match e with
  | .mdata _ e => callsIn f left e acc
  | .lam _ t b _ => callsIn f left t (callsIn f left b acc)
  | .forallE _ t b _ => callsIn f left t (callsIn f left b acc)
  | .letE _ t v b _ => callsIn f left t (callsIn f left v (callsIn f left b acc))
  | .proj _ _ e => callsIn f left e acc
  | .app g a =>
    let acc := if e.getAppFn.isConstOf f && e.getAppNumArgs == left.size then
        array (kept left (argumentsOf e #[]) 0) :: acc
      else acc
    let acc := callsIn f left a acc
    inHead g acc
  | _ => acc
where
  /-- The arguments before the last: the call itself was counted. -/
  inHead (g : Expr) (acc : List String) : List String :=
    match g with
    | .app g a => inHead g (callsIn f left a acc)
    | .const .. => acc
    | g => callsIn f left g acc

def equationJson (env : Environment) (f : Name) (type : Expr) : MetaM String := do
  let pp := (← Meta.ppExpr type).pretty
  let body := opened type 0
  let (left, right) := match body with
    | .app (.app (.app (.const ``Eq _) _) left) right => (left, right)
    | _ => (body, body)
  let args := argumentsOf left #[]
  return "{\"text\":" ++ quote pp ++ field "arguments" (array (patterns env args 0))
    ++ field "calls" (array (callsIn f args right [])) ++ "}"

partial def equations (f : Name) (names : Array Name) (i : Nat) : MetaM (List String) := do
  if h : i < names.size then
    let env ← getEnv
    let rest ← equations f names (i + 1)
    match env.find? names[i] with
    | some info => return (← equationJson env f info.type) :: rest
    | none => return rest
  else return []

/-- The constants of the equations of a function, or of the type of another constant. -/
partial def usedInEquations (names : Array Name) (i : Nat) (todo : List Name) : MetaM (List Name) := do
  if h : i < names.size then
    match (← getEnv).find? names[i] with
    | some info => usedInEquations names (i + 1) (usedBy info.type todo)
    | none => usedInEquations names (i + 1) todo
  else return todo

def equationNames (f : Name) : MetaM (Array Name) := do
  try
    match ← getEqnsFor? f with
    | some names => return names
    | none => return #[]
  catch _ => return #[]

def constructorsJson (env : Environment) : List Name → MetaM (List String)
  | [] => pure []
  | n :: ns => do
    let rest ← constructorsJson env ns
    match env.find? n with
    | some info => do
      let (binders, result) := signature env 0 info.type
      let one := "{\"name\":" ++ quote n.toString ++ field "shown" (quote (← shownName n info.levelParams))
        ++ field "type" (quote (← Meta.ppExpr info.type).pretty)
        ++ field "binders" (array binders) ++ field "result" result ++ "}"
      return one :: rest
    | none => return rest

def usedByNames (env : Environment) : List Name → List Name → List Name
  | [], todo => todo
  | n :: ns, todo =>
    match env.find? n with
    | some info => usedByNames env ns (usedBy info.type todo)
    | none => usedByNames env ns todo

def entryJson (n : Name) (info : ConstantInfo) (kind more : String) : MetaM String := do
  let (binders, result) := signature (← getEnv) 0 info.type
  return "{\"kind\":" ++ quote kind ++ field "name" (quote n.toString)
    ++ field "shown" (quote (← shownName n info.levelParams))
    ++ field "type" (quote (← Meta.ppExpr info.type).pretty)
    ++ field "binders" (array binders) ++ field "result" result ++ more ++ "}"

def ownIn (env : Environment) : List Name → List String
  | [] => []
  | n :: ns => if isOwn env n then quote n.toString :: ownIn env ns else ownIn env ns

/-- Says of a theorem, as it is shown, whether `grind` takes it. It refuses a whole list for one in
which it finds no pattern. -/
abbrev Takes := Name → ConstantInfo → String → BaseIO Bool

def theoremJson (env : Environment) (takes : Takes) (n : Name) (info : ConstantInfo) :
    MetaM String := do
  let own := ownNames env info.type.getUsedConstants 0
  let (binders, result) := signature env 0 info.type
  let shown ← shownName n info.levelParams
  let grind ← (takes n info shown : BaseIO Bool)
  return "{\"name\":" ++ quote n.toString ++ field "shown" (quote shown)
    ++ field "type" (quote (← Meta.ppExpr info.type).pretty) ++ field "own" (array own)
    ++ field "grind" (bool grind)
    ++ field "head" (quote (opened info.type 0).getAppFn.constName.toString)
    ++ field "binders" (array binders) ++ field "result" result
    ++ field "sorry" (bool (holdsSorry info)) ++ "}"

/-- The propositions among the fields of a structure from the `i`th on, which hold as theorems do. -/
partial def lawsJson (env : Environment) (takes : Takes) (s : Name) (fields : Array Name) (i : Nat) :
    MetaM (List String) := do
  if h : i < fields.size then
    let rest ← lawsJson env takes s fields (i + 1)
    let law := s ++ fields[i]
    match env.find? law with
    | some info =>
      if ← Meta.isProp info.type then return (← theoremJson env takes law info) :: rest
      else return rest
    | none => return rest
  else return []

/-- The constant at the head of what a type ends in. -/
partial def resultOf : Expr → Name
  | .mdata _ e => resultOf e
  | .forallE _ _ b _ => resultOf b
  | e => e.getAppFn.constName

/-- Of what a definition uses, whether some compute in a monad, and a monad of the library's. -/
def computing : List Name :=
  [``Bind.bind, ``Pure.pure, ``Functor.map, ``MonadExcept.throw, ``throwThe, ``MonadState.get, ``getThe,
   ``MonadStateOf.set, ``modify, ``modifyGet, ``MonadReader.read, ``readThe, ``Option.bind, ``Except.bind]

def monads : List Name :=
  [`Except, `ExceptT, `Option, `OptionT, `StateM, `StateT, `ReaderM, `ReaderT, `Id]

partial def someIn (p : Name → Bool) : List Name → Bool
  | [] => false
  | n :: ns => p n || someIn p ns

def monadsIn (used : List Name) : List String :=
  if someIn (fun n => someIn (· == n) computing) used then named monads else []
where
  named : List Name → List String
    | [] => []
    | m :: ms => if someIn (m.isPrefixOf ·) used then quote m.toString :: named ms else named ms

/-- A constant of the user's, and the constants that what it is mentions. -/
def describe (takes : Takes) (n : Name) (info : ConstantInfo) : MetaM (Option String × List Name) := do
  let env ← getEnv
  match info with
  | .inductInfo v => do
    let constructors ← constructorsJson env v.ctors
    let laws ← if isStructure env n then lawsJson env takes n (getStructureFields env n) 0 else pure []
    let more := field "laws" (array laws)
      ++ field "constructors" (array constructors) ++ field "recursive" (bool v.isRec)
      ++ field "prop" (bool (← extent v.type 0).2)
      ++ field "params" (toString v.numParams) ++ field "indices" (toString v.numIndices)
      ++ field "structure" (bool (isStructure env n)) ++ field "class" (bool (isClass env n))
      ++ field "block" (array (nameStrings v.all.toArray 0))
    return (some (← entryJson n info "inductive" more), usedByNames env v.ctors (usedBy v.type []))
  | .defnInfo v => do
    if v.safety != .safe then return (none, [])
    if isAuxiliary env n then return (none, usedBy v.value [])
    if isClass env (resultOf info.type) then
      let used := usedBy v.value (usedBy v.type [])
      return (some (← entryJson n info "instance" (field "own" (array (ownIn env used)))), used)
    let names ← equationNames n
    let rows ← equations n names 0
    let used ← usedInEquations names 0 (usedBy v.type [])
    let reducible := match getReducibilityStatusCore env n with
      | .reducible => true
      | _ => false
    let more := field "equations" (array rows) ++ field "own" (array (ownIn env used))
      ++ field "reducible" (bool reducible) ++ field "monads" (array (monadsIn used))
    return (some (← entryJson n info "function" more), used)
  | .opaqueInfo v => return (some (← entryJson n info "opaque" ""), usedBy v.type [])
  | .ctorInfo v => return (none, [v.induct])
  | .axiomInfo v => return (some (← entryJson n info "axiom" ""), usedBy v.type [])
  | _ => return (none, [])

/-- How many constants a context tells of. -/
def mostConstants : Nat := 120

/-- Constants of the user's with all that they mention, as far as `fuel` goes. -/
partial def describeAll (takes : Takes) (fuel : Nat) (seen : NameSet) (acc : List String) :
    List Name → MetaM (List String)
  | [] => pure acc
  | n :: todo => do
    let env ← getEnv
    if fuel == 0 then return acc
    if seen.contains n || !isOwn env n then describeAll takes fuel seen acc todo
    else
      let seen := seen.insert n
      match env.find? n with
      | none => describeAll takes fuel seen acc todo
      | some info => do
        let (one, more) ← try describe takes n info catch _ => pure (none, [])
        let acc := match one with
          | some one => one :: acc
          | none => acc
        describeAll takes (fuel - 1) seen acc (append todo more)

/-- Theorems that stand before a goal, as rows. -/
def theoremsJson (env : Environment) (takes : Takes) (self : Name) : List Name → MetaM (List String)
  | [] => pure []
  | n :: ns => do
    let rest ← theoremsJson env takes self ns
    match env.find? n with
    | some (.thmInfo v) =>
      if n == self then return rest else return (← theoremJson env takes n (.thmInfo v)) :: rest
    | _ => return rest

/-- The constants of a goal and of its hypotheses. -/
def goalConstants (g : MVarId) : MetaM (List Name) := inGoal g do
  return usedBy (← closedGoal g) []

/-- The same state with `True` as its only goal. -/
def State.trivial (s : State) : EIO Exception State := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef s.core
  let meta' ← ST.mkRef s.meta'
  let context := coreContext s.options s.currNamespace s.openDecls 200000 start
  let g ← freshGoal {} (.const ``True []) .anonymous {} meta' context core
  return { s with core := (← core.get), meta' := (← meta'.get), goals := [g] }

/-- How many theorems are tried for one answer, the last ones; of others it is taken for granted. -/
def mostTried : Nat := 48

/-- Tried on a goal that needs no theorem, once in this process. -/
def grindTakes (ref : GymRef) (s : State) (tried : IO.Ref Nat) : Takes := fun n info shown => do
  let key := Name.num n info.type.hash.toNat
  let gym ← ref.get
  if gym.taken.contains key then return true
  if gym.untaken.contains key then return false
  let before ← tried.get
  if before == mostTried then return true
  tried.set (before + 1)
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let takes ← match ← EIO.toBaseIO (parseTactics s ("grind only [" ++ shown ++ "]")) with
    | .ok (.ok stx) => match ← evalOn s s.goals stx 2000 start with
      | .ok _ => pure true
      | .error _ => pure false
    | _ => pure false
  ref.modify fun gym =>
    if takes then { gym with taken := gym.taken.insert key }
    else { gym with untaken := gym.untaken.insert key }
  return takes

def contextJson (s : State) (takes : Takes) (theorems : List Name) : MetaM String := do
  let names ← match s.goals with
    | g :: _ => goalConstants g
    | [] => pure []
  let constants ← describeAll takes mostConstants {} [] names
  let env ← getEnv
  let theorems ← theoremsJson env takes s.self theorems
  return field "constants" (array constants) ++ field "theorems" (array theorems)

def context (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "state", req.getObjVal? "theorems" with
  | .ok id, .ok (.arr theorems) => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    let tried ← IO.mkRef 0
    let told : EIO Exception String := do
      s.query (contextJson s (grindTakes ref (← s.trivial) tried) (namesFrom theorems 0))
    match ← EIO.toIO' told with
    | .error e => failure e
    | .ok fields => return .ok fields
  | _, _ => return .failed "request" "a state and theorems"

/-! ## Theorems of the library

The theorems of the imported modules with the constants of their statements, some modules at a time:
what an index of them is made of. -/

def isTheorem (env : Environment) (n : Name) (info : ConstantInfo) : Bool :=
--#if lean >= 4.24
  match getOriginalConstKind? env n, info with
  | some .thm, _ => true
  | none, .thmInfo _ => true
  | _, _ => false
--#else
--  match info with
--  | .thmInfo _ => true
--  | _ => false
--#endif

/-- Roots of the modules and of the names of theorems about Lean itself and inside its tactics. -/
def machinery : List Name := [`Lean, `Lake]

/-- Whether a proof may mention a theorem by its name, and somebody may want it to. -/
def isUsable (env : Environment) (n : Name) (info : ConstantInfo) : Bool :=
  !nameIn n.getRoot machinery && !n.isInternalDetail && isTheorem env n info
    && !Linter.isDeprecated env n && !isReservedName env n

/-- The numbers of some names after a text; those that are new are written into the table. -/
partial def numbers (t : Table Name) (names : Array Name) (i : Nat) (acc : String) : IO String := do
  if h : i < names.size then
    let n := names[i]
    let k ← match ← t.find n.hash (· == n) with
      | some k => pure k
      | none => t.add n.hash n (quote n.toString)
    numbers t names (i + 1) (acc ++ "," ++ toString k)
  else return acc

/-- The rows of a module from its constant `i` on: a name, the number of the constant at the head of
the conclusion, and those of all constants. -/
partial def theoremRows (env : Environment) (t : Table Name) (data : ModuleData) (i : Nat)
    (acc : String) (count : Nat) : IO (String × Nat) := do
  if h : i < data.constNames.size then
    if h' : i < data.constants.size then
      let n := data.constNames[i]
      let info := data.constants[i]
      if isUsable env n info then
        let acc := acc ++ (if count == 0 then "[" else ",[") ++ quote n.toString
        let acc ← numbers t #[resultOf info.type] 0 acc
        let acc ← numbers t info.type.getUsedConstants 0 acc
        theoremRows env t data (i + 1) (acc ++ "]") (count + 1)
      else theoremRows env t data (i + 1) acc count
    else return (acc, count)
  else return (acc, count)

/-- The modules from `i` on with their rows, until these are `most`; and which module is the next. -/
partial def moduleRows (env : Environment) (t : Table Name) (i most : Nat) (acc : String) :
    IO (String × Nat) := do
  if h : i < env.header.moduleData.size then
    let name := moduleName env i
    if nameIn name.getRoot machinery then moduleRows env t (i + 1) most acc
    else
      let (rows, count) ← theoremRows env t env.header.moduleData[i] 0 "" 0
      let acc := if count == 0 then acc
        else acc ++ (if acc == "" then "[" else ",[") ++ quote name.toString ++ ",[" ++ rows ++ "]]"
      if count < most then moduleRows env t (i + 1) (most - count) acc else return (acc, i + 1)
  else return (acc, i)

/-- What tells one set of imported modules from another: their names and sizes. -/
partial def modulesHash (env : Environment) (i : Nat) (acc : UInt64) : UInt64 :=
  if h : i < env.header.moduleData.size then
    let size := hash env.header.moduleData[i].constNames.size
    modulesHash env (i + 1) (mixHash acc (mixHash (moduleName env i).hash size))
  else acc

def library (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "state", getNat req "from", getNat req "most" with
  | .ok id, .ok from', .ok most => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    let env := s.core.env
    if most == 0 then return .ok (field "modules" (quote (toString (modulesHash env 0 7))))
    let t ← newTable Name
    let (rows, next) ← moduleRows env t from' most ""
    let next := if next < env.header.moduleData.size then toString next else "null"
    return .ok (field "symbols" (← t.take) ++ field "theorems" ("[" ++ rows ++ "]") ++ field "next" next)
  | _, _, _ => return .failed "request" "a state, a module and a number"

/-- Theorems as `premises` tells them: name, statement. What the goal's declaration is or what is not
there is left out. -/
def premisesJson (env : Environment) (self : Name) : List Name → MetaM (List String)
  | [] => pure []
  | n :: ns => do
    let rest ← premisesJson env self ns
    match env.find? n with
    | none => return rest
    | some info => do
      if n == self then return rest
      return (← entryJson n info "theorem" (field "own" "[]" ++ field "sorry" "false" ++ field "grind" "true"
        ++ field "head" (quote (resultOf info.type).toString))) :: rest

def premises (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "state" with
  | .ok id => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    match ← EIO.toIO' (s.query (premisesJson s.core.env s.self (getNames req "names"))) with
    | .error e => failure e
    | .ok rows => return .ok (field "theorems" (array rows))
  | .error e => return .failed "request" e

/-! ## Which texts leave nothing behind in the process -/

/-- Commands that change nothing but the environment that they return, whatever they say. -/
def harmlessCommands : List Name :=
  [``Parser.Command.declaration, ``Parser.Command.mutual, ``Parser.Command.namespace,
   ``Parser.Command.section, ``Parser.Command.end, ``Parser.Command.open, ``Parser.Command.export,
   ``Parser.Command.variable, ``Parser.Command.universe, ``Parser.Command.set_option,
   ``Parser.Command.check, ``Parser.Command.print, ``Parser.Command.moduleDoc,
   ``Parser.Command.include, ``Parser.Command.omit, `Lean.Parser.Command.notation,
   `Lean.Parser.Command.mixfix, `Lean.Parser.Command.syntax, `Lean.Parser.Command.syntaxAbbrev,
   `Lean.Parser.Command.macro, `Lean.Parser.Command.macro_rules, ``Parser.Command.attribute,
   `Lean.Parser.Command.deriving, `Lean.Parser.Command.addDocString, `Lean.Parser.Command.printAxioms,
   `Lean.Parser.Command.reduce, `Lean.Parser.Command.synth, `Lean.Parser.Command.eoi,
   `lemma, `Mathlib.Tactic.lemma]

/-- Attributes that only write into the environment. -/
def harmlessAttributes : List Name :=
  [`simp, `instance, `reducible, `semireducible, `irreducible, `inline, `noinline, `macro_inline,
   `always_inline, `specialize, `ext, `grind, `refl, `symm, `trans, `congr, `elab_as_elim,
   `elab_without_expected_type, `match_pattern, `default_instance, `class, `deprecated, `coe,
   `norm_cast, `push_cast, `inherit_doc, `expose, `simps, `to_additive, `gcongr, `nolint, `unbox,
   `induction_eliminator, `cases_eliminator, `local_instance, `bool_to_prop, `grind_eq,
   `fun_prop, `mono, `aesop, `reassoc, `implicit_reducible, `suggest_for, `unused_variables_ignore_fn]

def attributeName (stx : Syntax) : Name :=
  if stx.isOfKind ``Parser.Attr.simple then stx[0].getId.eraseMacroScopes
  else match stx with
    | .node _ _ args =>
      if h : 0 < args.size then
        match args[0] with
        | .atom _ text => text.toName
        | s => s.getKind
      else .anonymous
    | _ => .anonymous

/-- What in a command may be code that Lean is to run, or may go on in the background. -/
def harmful (stx : Syntax) : Bool :=
  match stx.find? isHarmful with
  | some _ => true
  | none => false
where
  isHarmful (s : Syntax) : Bool :=
    let kind := s.getKind
    kind == `Lean.Parser.Tactic.runTac || kind == `Lean.byElab || kind == `Lean.includeStr
      || kind == `Lean.Parser.Term.unsafe || kind == `Lean.Parser.Tactic.bvCheck
      || kind == ``Parser.Command.unsafe
      || (kind == ``Parser.Command.set_option && s[1].getId.getRoot == `Elab)
      || (kind == ``Parser.Term.attrInstance && !memName (attributeName s[1]) harmlessAttributes)
      || kind == `antiquotNestedExpr

def lastPart : Name → String
  | .str _ s => s
  | _ => ""

def isQuotation (stx : Syntax) : Bool :=
  let kind := lastPart stx.getKind
  kind == "quot" || kind == "dynamicQuot" || kind == "quotSeq"

partial def lastChild (stx : Syntax) : Syntax :=
  match stx with
  | .node _ _ args =>
    if isQuotation stx then stx
    else if h : 0 < args.size then lastChild args[args.size - 1] else stx
  | s => s

mutual

/-- Whether every rule of a macro gives a quotation and runs nothing else. -/
partial def onlyQuotes (stx : Syntax) : Bool :=
  if stx.isOfKind ``Parser.Term.matchAlt || stx.isOfKind `Lean.Parser.Command.macroTail then
    isQuotation (lastChild stx)
  else match stx with
    | .node _ _ args => allQuote args 0
    | _ => true

partial def allQuote (args : Array Syntax) (i : Nat) : Bool :=
  if h : i < args.size then onlyQuotes args[i] && allQuote args (i + 1) else true

end

/-- Whether a command may have changed the process for those that come after it: one that runs
programs of its own may. -/
partial def taints (stx : Syntax) : Bool :=
  if stx.isMissing then false  -- words that the parser skipped
  else if stx.isOfKind ``Parser.Command.in then taints stx[0] || taints stx[2]
  else if stx.isOfKind `Lean.Parser.Command.macro || stx.isOfKind `Lean.Parser.Command.macro_rules then
    harmful stx || !onlyQuotes stx
  else !memName stx.getKind harmlessCommands || harmful stx

/-- Types of what acts on the world. Code that Lean evaluates can only do so if it is given a token of
the world, and a text that makes one (by a cast, from `sorry`) names its type. -/
def worldly : List Name :=
  [``IO.RealWorld, ``BaseIO, ``EIO, ``IO, ``ST, ``EST, `Void, `ST.Out, `EST.Out]

partial def meetsArray (names : Array Name) (i : Nat) (xs : List Name) : Bool :=
  if h : i < names.size then memName names[i] xs || meetsArray names (i + 1) xs else false

def isWorldly (info : ConstantInfo) : Bool :=
  meetsArray info.type.getUsedConstants 0 worldly
    || match info.value? (allowOpaque := true) with
      | some value => meetsArray value.getUsedConstants 0 worldly
      | none => false

def anyWorldly : List ConstantInfo → Bool
  | [] => false
  | c :: cs => isWorldly c || anyWorldly cs

/-! ## Elaborating a text -/

def currentNamespace (s : Command.State) : Name :=
  match s.scopes with
  | scope :: _ => scope.currNamespace
  | [] => .anonymous

def currentOptions (s : Command.State) : Options :=
  match s.scopes with
  | scope :: _ => scope.opts
  | [] => {}

def currentOpens (s : Command.State) : List OpenDecl :=
  match s.scopes with
  | scope :: _ => scope.openDecls
  | [] => []

def hasVariables (s : Command.State) : Bool :=
  match s.scopes with
  | scope :: _ => scope.varDecls.size > 0
  | [] => false

/-- Elaborates a command; what it threw becomes a message. -/
def runCommand (ictx : Parser.InputContext) (stx : Syntax) (s : Command.State) :
    IO Command.State := do
  let ref ← ST.mkRef { s with messages := {}, infoState := { enabled := true } }
  let ctx : Command.Context :=
    { fileName := ictx.fileName, fileMap := ictx.fileMap, snap? := none, cancelTk? := none }
  let act : Command.CommandElabM Unit := Command.elabCommandTopLevel stx
  match ← EIO.toIO' (act ctx ref) with
  | .ok _ => ref.get
  | .error e =>
    let s ← ref.get
    let pos := match e.getRef.getPos? with
      | some p => p
      | none => 0
    let thrown : Message :=
      { fileName := ictx.fileName, pos := ictx.fileMap.toPosition pos, data := e.toMessageData }
    return { s with messages := s.messages.add thrown }

/-- The state in which every declaration is given all variables of its section. -/
def withAllVariables (s : Command.State) : Command.State :=
  match s.scopes with
  | scope :: rest => { s with scopes := { scope with includedVars := scope.varUIds.toList } :: rest }
  | [] => s

def variablesName : Name := `_gym_variables

/-- The variables that a declaration may be given at this point: `∀ variables, True` as a table with
one term, or null. -/
def variablesJson (s : Command.State) : IO String := do
  if !hasVariables s then return "null"
  let ictx := inputContext "theorem _root_._gym_variables : True := True.intro"
  let (stx, _, _) := Parser.parseCommand ictx { env := s.env, options := {} } {} {}
  let after ← runCommand ictx stx (withAllVariables s)
  match after.env.find? variablesName with
  | some info => do
    let w ← newWriter
    let row ← w.expr info.type
    let tables ← w.take
    return "{\"term\":" ++ toString row ++ tables ++ "}"
  | none => return "null"

def placeJson : Option Position → String
  | some p => "[" ++ toString p.line ++ "," ++ toString p.column ++ "]"
  | none => "null"

/-- Messages of the command with this number; `parsed`: they are about its text. -/
def notesOf (command : Nat) (parsed : Bool) (ms : List Message) : IO (List String) := do
  return go (← readMessages ms)
where
  go : List Note → List String
    | [] => []
    | n :: ns => ("{\"severity\":" ++ quote n.severity ++ field "line" (toString n.line)
      ++ field "column" (toString n.column) ++ field "end" (placeJson n.stop)
      ++ field "text" (quote n.text) ++ field "parse" (bool parsed) ++ field "command" (toString command) ++ "}") :: go ns

def commandJson (first : Nat) (stx : Syntax) (pieces constants sides : List String)
    (tainted : Bool) : String :=
  "{\"first\":" ++ toString first ++ field "last" (toString (tailOf stx))
    ++ field "kind" (quote stx.getKind.toString) ++ field "tainted" (bool tainted)
    ++ field "pieces" (array pieces) ++ field "constants" (array constants)
    ++ field "sides" (array sides)

/-- A text as far as it is elaborated: its commands, newest first, and what its end says. -/
structure Elaborated where
  command : Command.State
  snaps : List Snap
  last : List String
  stopped : Option Nat

def lateImport (ictx : Parser.InputContext) (stx : Syntax) : Message :=
  { fileName := ictx.fileName, pos := ictx.fileMap.toPosition ⟨byteStart stx⟩,
    data := "invalid `import` command, it must be used in the beginning of the file" }

def countSnaps : List Snap → Nat
  | [] => 0
  | _ :: rest => countSnaps rest + 1

--#if embedded
def allNull {σ : Type} (entries : Array (PersistentHashMap.Entry MVarId (Task InfoTree) σ)) (i : Nat) :
    Bool :=
  if h : i < entries.size then
    match entries[i] with
    | .null => allNull entries (i + 1)
    | _ => false
  else true
termination_by entries.size - i

/-- What was found out, with what came later in its places. To ask Lean for that starts a thread, which
takes 0.3 s and 50 MB here, even where nothing came later. -/
def settled (s : InfoState) : InfoState :=
  match s.lazyAssignment.root with
  | .entries entries => if allNull entries 0 then s else s.substituteLazy.get
  | _ => s.substituteLazy.get
--#else
--def settled (s : InfoState) : InfoState := s.substituteLazy.get
--#endif

/-- Elaborates the commands of a text, one after the other. -/
partial def elabCommands (ictx : Parser.InputContext) (pos : Parser.ModuleParserState)
    (s : Command.State) (snaps : List Snap) : IO Elaborated := do
  let pmctx : Parser.ParserModuleContext :=
    { env := s.env, options := currentOptions s, currNamespace := currentNamespace s,
      openDecls := currentOpens s }
  let (stx, pos, log) := Parser.parseCommand ictx pmctx pos {}
  let index := countSnaps snaps
  let parsed ← notesOf index true log.toList
  if Parser.isTerminalCommand stx then
    if stx.isOfKind ``Parser.Command.import then
      let late ← notesOf index true [lateImport ictx stx]
      return { command := s, snaps, last := append parsed late, stopped := some (byteStart stx) }
    let stopped := if stx.isOfKind ``Parser.Command.eoi then none else some (byteStart stx)
    return { command := s, snaps, last := parsed, stopped }
  let after ← runCommand ictx stx s
  let messages := append parsed (← notesOf index false after.messages.toList)
  let holes ← ST.mkRef ([] : List Hole)
  let sides ← ST.mkRef ([] : List Environment)
  let info := settled after.infoState
  let search : Search := { before := s.env, ref := holes, sides, inside := false }
  holesOfNode search none info.trees.root
  holesOfArray search none info.trees.tail 0
  let sides := backwards (← sides.get) []
  let new := newConstants s.env after.env
  let tainted := taints stx || anyWorldly new
  let namespace' := currentNamespace s
  let made ← sidesJson s.env sides
  let json := commandJson (byteStart stx) stx (piecesJson namespace' stx)
    (constantsJson after.env new) made tainted
  let vars ← variablesJson s
  let command := { after with messages := {}, infoState := {} }
  let holes ← holes.get
  let snap : Snap := { pos, command, json, vars, sides, holes, messages, tainted, before := s.env }
  elabCommands ictx pos command (snap :: snaps)
where
  backwards : List Environment → List Environment → List Environment
    | [], acc => acc
    | x :: xs, acc => backwards xs (x :: acc)

/-- The commands of an earlier text that can stand for those of another one with the same first
bytes: all but the last that lies within them, which the parser may have read otherwise. -/
def reusable (same : Nat) : List Snap → List Snap
  | [] => []
  | snap :: rest => if snap.pos.pos.byteIdx < same then rest else reusable same rest

def oldestFirst : List Snap → List Snap → List Snap
  | [], acc => acc
  | x :: xs, acc => oldestFirst xs (x :: acc)

def joinMessages : List Snap → List String
  | [] => []
  | s :: ss => append s.messages (joinMessages ss)

def joinHoles : List Snap → List Hole
  | [] => []
  | s :: ss => append s.holes (joinHoles ss)

def anyTainted : List Snap → Bool
  | [] => false
  | s :: ss => s.tainted || anyTainted ss

def dropSnaps : Nat → List Snap → List Snap
  | 0, snaps => snaps
  | _, [] => []
  | n + 1, _ :: rest => dropSnaps n rest

def isImported (env : Environment) (n : Name) : Bool :=
  match env.getModuleIdxFor? n with
  | some _ => true
  | none => false

def sideSegments (w : Writer) (before : Environment) (known : Name → Bool) (seen : NameSet) :
    List Environment → IO (List String)
  | [] => pure []
  | env :: rest => do
    let (_, one) ← w.segment env known seen (namesOf (newConstants before env)) true
    return one :: (← sideSegments w before known seen rest)

/-- Commands as JSON, each with what it made as data. -/
def commandsJson (w : Writer) (known : Name → Bool) (seen : NameSet) :
    List Snap → IO (List String)
  | [] => pure []
  | s :: ss => do
    let sides ← sideSegments w s.before known seen s.sides
    let new := newConstants s.before s.command.env
    let (seen, own) ← w.segment s.command.env known seen (namesOf new) false
    let one := s.json ++ field "variables" s.vars ++ field "segments" (array (append sides [own])) ++ "}"
    return one :: (← commandsJson w known seen ss)

/-- Options of every environment: one thread, no linters. The embedded Lean comes without the code
of its library, so definitions over it cannot be compiled, only elaborated. -/
def firstState (env : Environment) : Command.State :=
  let opts : Options := (({} : Options).set `Elab.async false).set `linter.all false
  let s := Command.mkState env {} opts
  match s.scopes with
  | scope :: _ => { s with scopes := [{ scope with isNoncomputable := System.Platform.isEmscripten }] }
  | [] => s

def importsKey (imports : Array Import) (i : Nat) (acc : String) : String :=
  if h : i < imports.size then
    importsKey imports (i + 1) (acc ++ imports[i].module.toString ++ " ")
  else acc
termination_by imports.size - i

def importRows (imports : Array Import) (i : Nat) : List String :=
  if h : i < imports.size then
    let one := imports[i]
--#if lean >= 4.24
    array [nameJson one.module, bool one.importAll, bool one.isExported, bool one.isMeta]
--#else
--    array [nameJson one.module, "false", "true", "false"]
--#endif
      :: importRows imports (i + 1)
  else []
termination_by imports.size - i

def findBase (key : String) : List (String × Environment) → Option Environment
  | [] => none
  | (k, env) :: rest => if k == key then some env else findBase key rest

--#if embedded
/-- An environment of modules, some of which have been read. -/
def importFrom (read : ImportState) (imports : Array Import) : IO Environment := do
  let (_, read) ← (importModulesCore imports).run read
  finalizeImport read imports {} 0 false true

/-- Whether only modules are imported that this Lean consists of: nothing is left of them to run. -/
def isOfLean (imports : Array Import) (i : Nat) : Bool :=
  if h : i < imports.size then
    let root := imports[i].module.getRoot
    (root == `Init || root == `Std || root == `Lean) && isOfLean imports (i + 1)
  else true
termination_by imports.size - i

def importAnew (gym : Gym) (imports : Array Import) : IO Environment :=
  let anew := importModules imports {} (trustLevel := 0) (loadExts := true)
  match gym.init, imports[0]? with
  | some init, some first =>
    if first.module == `Init && isOfLean imports 0 then importFrom init imports else anew
  | _, _ => anew
--#else
--def importAnew (_ : Gym) (imports : Array Import) : IO Environment :=
--  importModules imports {} (trustLevel := 0) (loadExts := true)
--#endif

def baseEnv (ref : GymRef) (imports : Array Import) : IO Environment := do
  let key := importsKey imports 0 ""
  let gym ← ref.get
  match findBase key gym.bases with
  | some env => return env
  | none => do
    let env ← importAnew gym imports
    let gym ← ref.get
    ref.set { gym with bases := (key, env) :: gym.bases }
    return env

def openHeader (ref : GymRef) (req : Json) : IO Outcome := do
  match getStr req "header" with
  | .error e => return .failed "request" e
  | .ok header => do
    let (imports, pos, log) ← parseImports header (some "<header>")
    let notes ← readMessages log.toList
    if hasError notes then return .failed "parse" (firstError notes)
    match ← EIO.toIO' (baseEnv ref imports) with
    | .error e => return .failed "import" (toString e)
    | .ok env => do
      let ictx := inputContext header
      let done ← elabCommands ictx { pos := ictx.fileMap.ofPosition pos } (firstState env) []
      let snaps := oldestFirst done.snaps []
      let commands ← commandsJson (← newWriter) (isImported done.command.env) {} snaps
      let id ← addEnv ref { command := done.command, snaps := [] }
      return .ok (field "env" (toString id) ++ field "imports" (array (importRows imports 0))
        ++ field "tainted" (bool (anyTainted snaps)) ++ field "commands" (array commands)
        ++ field "messages" (array (append (joinMessages snaps) done.last)))

def holesJson (ref : GymRef) : List Hole → EIO Exception (List String)
  | [] => pure []
  | h :: hs => do
    let id ← addState ref h.state
    let state ← stateJson id h.state
    let rest ← holesJson ref hs
    return ("{\"first\":" ++ toString h.first ++ field "last" (toString h.last)
      ++ field "tactic" (bool h.tactic) ++ field "prop" (bool h.prop)
      ++ field "coupled" (bool h.coupled) ++ field "state" state ++ "}") :: rest

/-- What of an earlier text can be used again. -/
def earlier (ref : GymRef) (req : Json) : BaseIO (List Snap) := do
  match getNat req "like", getNat req "same" with
  | .ok id, .ok same => do
    match ← getEnv' ref id with
    | some e => return reusable same e.snaps
    | none => return []
  | _, _ => return []

def elaborate (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", getStr req "text" with
  | .ok envId, .ok text => do
    let from' := match getNat req "from" with
      | .ok n => n
      | .error _ => 0
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let ictx := inputContext text
    let done ← match ← earlier ref req with
      | [] => elabCommands ictx {} e.command []
      | snap :: rest => elabCommands ictx snap.pos snap.command (snap :: rest)
    let snaps := oldestFirst done.snaps []
    let wanted := dropSnaps from' snaps
    let (known, seen) : (Name → Bool) × NameSet := match wanted with
      | snap :: _ => (fun n => isImported snap.before n || snap.before.contains n, {})
      | [] => (isImported e.command.env, {})
    let commands ← commandsJson (← newWriter) known seen wanted
    let open' ← if getBool req "holes" then EIO.toIO' (holesJson ref (joinHoles snaps))
      else pure (.ok [])
    match open' with
    | .error e => failure e
    | .ok holes =>
      let id ← addEnv ref { command := done.command, snaps := done.snaps }
      return .ok (field "env" (toString id) ++ field "tainted" (bool (anyTainted snaps))
        ++ field "stopped" (match done.stopped with
          | some at' => toString at'
          | none => "null")
        ++ field "commands" (array commands)
        ++ field "holes" (array holes)
        ++ field "messages" (array (append (joinMessages snaps) done.last)))
  | .error e, _ | _, .error e => return .failed "request" e

/-- Constants of an environment as data, and nothing that they rest on. -/
def export' (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", req.getObjVal? "names" with
  | .ok envId, .ok (.arr items) => do
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let names := namesFrom items 0
    let (_, one) ← (← newWriter).segment e.command.env (fun n => !memName n names) {} names false
    return .ok (field "segments" (array [one]))
  | _, _ => return .failed "request" "an environment and names"

/-- Where the imports of a text end. -/
def imports (req : Json) : IO Outcome := do
  match getStr req "text" with
  | .error e => return .failed "request" e
  | .ok text => do
    let (_, pos, log) ← parseImports text (some "<imports>")
    let notes ← readMessages log.toList
    if hasError notes then return .failed "parse" (firstError notes)
    return .ok (field "end" (toString ((inputContext text).fileMap.ofPosition pos).byteIdx))

mutual

partial def sizeOfTrie (t : Data.Trie Parser.Token) : Nat :=
  match t with
  | .leaf v => one v
  | .node1 v _ t => one v + sizeOfTrie t
  | .node v _ ts => one v + sizeOfTries ts 0
where
  one : Option Parser.Token → Nat
    | some _ => 1
    | none => 0

partial def sizeOfTries (ts : Array (Data.Trie Parser.Token)) (i : Nat) : Nat :=
  if h : i < ts.size then sizeOfTrie ts[i] + sizeOfTries ts (i + 1) else 0

end

/-- The sizes of the tables of the process that elaboration reads and that code can change. -/
def tables : IO Outcome := do
  let linters ← Command.lintersRef.get
  let tokens ← Parser.builtinTokenTable.get
  let extensions ← persistentEnvExtensionsRef.get
  let attributes ← attributeMapRef.get
  return .ok (field "linters" (toString linters.size) ++ field "tokens" (toString (sizeOfTrie tokens))
    ++ field "extensions" (toString extensions.size) ++ field "attributes" (toString attributes.size))

/-! ## Small instances

Values of a type come in tiers by their size, points of several variables in the order of the sum of
the tiers (LeanCheck, Matela Braquehais, "Tools for Discovery, Refinement and Generalization of
Functional Properties by Enumerative Testing", 2017). What holds at a point, the kernel evaluates. -/

/-- A value, the text that writes it where its type is known, and, of a list, the text of its
elements. -/
structure Sample where
  value : Expr
  text : String
  inner : String := ""

/-- What is known already: tiers, each with its types, which fields of a constructor are data; the
numbers of the statement, how long a tier may be, and how many heartbeats there may have been at the end. -/
structure Sampler where
  tiers : IO.Ref (Array (List (Expr × Array Sample)))
  fields : IO.Ref (List (Name × List Bool))
  numbers : List Nat
  cap : Nat
  until' : Nat

def newSampler (numbers : List Nat) (cap until' : Nat) : BaseIO Sampler := do
  let tiers ← ST.mkRef (#[] : Array (List (Expr × Array Sample)))
  let fields ← ST.mkRef ([] : List (Name × List Bool))
  return { tiers, fields, numbers, cap, until' }

def Sampler.over (m : Sampler) : BaseIO Bool := do
  let now ← (IO.getNumHeartbeats : BaseIO Nat)
  return m.until' ≤ now

def findType (type : Expr) : List (Expr × Array Sample) → Option (Array Sample)
  | [] => none
  | (t, found) :: rest => if t == type then some found else findType type rest

def Sampler.known (m : Sampler) (type : Expr) (n : Nat) : BaseIO (Option (Array Sample)) := do
  let tiers ← m.tiers.get
  if h : n < tiers.size then return findType type tiers[n] else return none

partial def Sampler.keep (m : Sampler) (type : Expr) (n : Nat) (found : Array Sample) : BaseIO Unit := do
  let tiers ← m.tiers.get
  if h : n < tiers.size then m.tiers.set (tiers.set n ((type, found) :: tiers[n]))
  else do
    m.tiers.set (tiers.push [])
    m.keep type n found

/-- Runs `x` with one more local variable. -/
def withVar (name : Name) (type : Expr) (x : Expr → MetaM α) : MetaM α := do
  let id ← mkFreshFVarId
  let inside := x (.fvar id)
  fun ctx => inside { ctx with lctx := ctx.lctx.mkLocalDecl id name type .default }

/-- The head normal form, as the kernel finds it. -/
def kernelWhnf (e : Expr) : MetaM Expr := do
  let env ← getEnv
  let done := match e with
    | .lit _ => true
    | e => match e.getAppFn with
      | .const c _ => match env.find? c with
        | some (.ctorInfo _) => true
        | _ => false
      | _ => false
  if done then return e
  match Kernel.whnf env {} e with
  | .ok e => return e
  | .error _ => return e

/-- A proof that nobody has to give: it stands for a hypothesis while a statement is evaluated. -/
def assumed (prop : Expr) : Expr := mkApp2 (mkConst ``sorryAx [levelZero]) prop (mkConst ``Bool.false)

/-- A proof of a closed proposition that its instance decides. -/
def decided (prop : Expr) : MetaM (Option Expr) := do
  if prop.hasFVar then return none
  match ← synthInstance? (mkApp (mkConst ``Decidable) prop) with
  | none => return none
  | some inst => do
    let value ← kernelWhnf (mkApp2 (mkConst ``Decidable.decide) prop inst)
    if value.isConstOf ``Bool.true then
      let refl := mkApp2 (mkConst ``Eq.refl [levelOne]) (mkConst ``Bool) (mkConst ``Bool.true)
      return some (mkApp3 (mkConst ``of_decide_eq_true) prop inst refl)
    return none

/-- The arguments of an application. -/
def argsOf (e : Expr) : Array Expr := go e #[] 0
where
  go (e : Expr) (acc : Array Expr) (n : Nat) : Array Expr :=
    match e with
    | .app f a => (go f acc (n + 1)).push a
    | _ => acc

def numeral (type : Expr) (n : Nat) : MetaM (Option Expr) := do
  let lit := mkRawNatLit n
  match ← getDecLevel? type with
  | none => return none
  | some u =>
    match ← synthInstance? (mkApp2 (mkConst ``OfNat [u]) type lit) with
    | some inst => return some (mkApp3 (mkConst ``OfNat.ofNat [u]) type lit inst)
    | none => return none

def numberTypes : List Name :=
  [``Fin, ``BitVec, ``UInt8, ``UInt16, ``UInt32, ``UInt64, ``USize, ``Int8, ``Int16, ``Int32,
   ``Int64, ``ISize]

partial def appendArray (xs ys : Array α) (i : Nat) : Array α :=
  if h : i < ys.size then appendArray (xs.push ys[i]) ys (i + 1) else xs

def sampleOf (n : Name) (text : String) : Sample := { value := mkConst n, text }

/-- The function whose arguments are those of a type and whose value is always the same. -/
partial def constantly (type value : Expr) : Expr :=
  match type with
  | .forallE x d b info => .lam x d (constantly b value) info
  | _ => value

partial def argumentCount : Expr → Nat
  | .forallE _ _ b _ => argumentCount b + 1
  | _ => 0

partial def takeArgs (args : Array Expr) (n i : Nat) (f : Expr) : Expr :=
  if h : i < args.size then if i < n then takeArgs args n (i + 1) (.app f args[i]) else f else f

/-- The type of `f` after the first `n` of some arguments. -/
partial def typeAfter (args : Array Expr) (n i : Nat) (type : Expr) : Expr :=
  if h : i < args.size then
    if i < n then match type with
      | .forallE _ _ b _ => typeAfter args n (i + 1) (b.instantiate1 args[i])
      | t => t
    else type
  else type

/-- Explicit arguments as they are written after a constructor's name. -/
def spaced : List Sample → String
  | [] => ""
  | s :: ss => " " ++ s.text ++ spaced ss

def commas : List Sample → String
  | [] => ""
  | [s] => s.text
  | s :: ss => s.text ++ ", " ++ commas ss

/-- A constructor, whether its type has no other, and the type to make where it has indices. -/
structure Maker where
  name : Name
  plain : Bool
  target : Option Expr

def Maker.sample (k : Maker) (value : Expr) (args : List Sample) : Sample :=
  match k.name, args with
  | ``Bool.true, [] => { value, text := "true" }
  | ``Bool.false, [] => { value, text := "false" }
  | ``Option.none, [] => { value, text := "none" }
  | ``Option.some, [x] => { value, text := "(some " ++ x.text ++ ")" }
  | ``List.nil, [] => { value, text := "[]" }
  | ``List.cons, [x, xs] =>
    let inner := if xs.inner == "" then x.text else x.text ++ ", " ++ xs.inner
    { value, text := "[" ++ inner ++ "]", inner }
  | ``Array.mk, [xs] => { value, text := "#" ++ xs.text }
  | ``Prod.mk, [x, y] => { value, text := "(" ++ x.text ++ ", " ++ y.text ++ ")" }
  | ``PUnit.unit, _ => { value, text := "()" }
  | _, _ :: _ =>
    if k.plain then { value, text := "⟨" ++ commas args ++ "⟩" } else named k.name value args
  | c, _ => named c value args
where
  named (c : Name) (value : Expr) (args : List Sample) : Sample :=
    match c, args with
    | .str _ s, [] => { value, text := "." ++ (Name.mkSimple s).toString }
    | .str _ s, args =>
      { value, text := "(." ++ (Name.mkSimple s).toString ++ spaced args ++ ")" }
    | c, args => { value, text := "(" ++ c.toString ++ spaced args ++ ")" }

/-- How a branch of a `match` begins. -/
def patternText (c : Name) (type : Expr) : String :=
  match c with
  | ``Nat.zero => "0"
  | ``Nat.succ => "_ + 1"
  | ``Bool.true => "true"
  | ``Bool.false => "false"
  | ``PUnit.unit => "()"
  | ``List.nil => "[]"
  | ``List.cons => "_ :: _"
  | .str _ s => "." ++ (Name.mkSimple s).toString ++ blanks type
  | c => c.toString ++ blanks type
where
  blanks : Expr → String
    | .forallE _ _ b .default => " _" ++ blanks b
    | .forallE _ _ b _ => blanks b
    | _ => ""

def allSame : List Sample → Bool
  | x :: y :: rest => x.value == y.value && allSame (y :: rest)
  | _ => true

/-- A branch of a function by cases: what it gives, in the order of the constructors. -/
structure Branches where
  texts : String
  values : List Sample

def reverseSamples : List Sample → List Sample → List Sample
  | [], acc => acc
  | s :: ss, acc => reverseSamples ss (s :: acc)

def constructorNames : List Name → Nat → Bool
  | [], _ => true
  | _ :: _, 0 => false
  | _ :: cs, n + 1 => constructorNames cs n

mutual

/-- The values of a type in one tier. `vars` are variables that they may use, with their types. -/
partial def tier (m : Sampler) (vars : List (Expr × Sample)) (type : Expr) (n : Nat) :
    MetaM (Array Sample) := do
  match vars with
  | [] =>
    match ← m.known type n with
    | some found => return found
    | none => do
      let found ← freshTier m [] type n
      m.keep type n found
      return found
  | vars => do
    let found ← freshTier m vars type n
    if n == 0 then return appendArray (← fitting type vars) found 0 else return found

partial def fitting (type : Expr) : List (Expr × Sample) → MetaM (Array Sample)
  | [] => return #[]
  | (t, s) :: rest => do
    let others ← fitting type rest
    if ← isDefEq t type then return others.push s else return others

partial def freshTier (m : Sampler) (vars : List (Expr × Sample)) (type : Expr) (n : Nat) :
    MetaM (Array Sample) := do
  if (← isClass? type).isSome then
    match ← synthInstance? type with
    | some inst =>
      if n == 0 then return #[{ value := inst, text := "inferInstance" }]
      else typeTier m vars (← whnf type) (n - 1)
    | none => typeTier m vars (← whnf type) n
  else typeTier m vars (← whnf type) n

partial def typeTier (m : Sampler) (vars : List (Expr × Sample)) (type : Expr) (n : Nat) :
    MetaM (Array Sample) := do
  match type with
  | .sort .zero =>
    match n with
    | 0 => return #[sampleOf ``True "True", sampleOf ``False "False"]
    | 1 => relations vars vars #[]
    | _ => return #[]
  | .sort l =>
    if !(← isLevelDefEq l levelOne) then return #[]
    match n with
    | 0 => return #[sampleOf ``Nat "Nat"]
    | 1 => return #[sampleOf ``Bool "Bool", { value := mkConst ``PUnit [levelOne], text := "Unit" }]
    | 2 => return #[sampleOf ``Empty "Empty", sampleOf ``Int "Int"]
    | _ => return #[]
  | .forallE _ d b _ => do
    if isFamily d b then return if n == 0 then families else #[]
    let name := "x" ++ toString (countVars vars)
    let plain ← withVar name.toName d fun x => do
      let found ← tier m ((d, { value := x, text := name }) :: vars) (b.instantiate1 x) n
      return closeAll x d name found 0 #[]
    if n == 0 || b.hasLooseBVars then return plain
    else byCases m vars d b n plain
  | _ =>
    match type.getAppFn with
    | .const c us => constantTier m vars type c us n
    | _ => return #[]
where
  isFamily : Expr → Expr → Bool
    | .sort (.succ .zero), .sort (.succ .zero) => true
    | _, _ => false
  families : Array Sample :=
    #[{ value := mkConst ``Option [levelZero], text := "Option" },
      { value := mkConst ``List [levelZero], text := "List" }]
  countVars : List (Expr × Sample) → Nat
    | [] => 0
    | _ :: rest => countVars rest + 1
  closeAll (x d : Expr) (name : String) (found : Array Sample) (i : Nat) (acc : Array Sample) :
      Array Sample :=
    if h : i < found.size then
      let body := found[i].value.abstract #[x]
      let shown := if body.hasLooseBVars then name else "_"
      let text := "(fun " ++ shown ++ " => " ++ found[i].text ++ ")"
      let one : Sample := { value := .lam name.toName d body .default, text }
      closeAll x d name found (i + 1) (acc.push one)
    else acc

/-- Relations between two variables of one type. -/
partial def relations (vars all : List (Expr × Sample)) (acc : Array Sample) :
    MetaM (Array Sample) := do
  match vars with
  | [] => return acc
  | (t, y) :: rest => do
    let acc ← pairs t y rest acc
    relations rest all acc
where
  pairs (t : Expr) (y : Sample) (others : List (Expr × Sample)) (acc : Array Sample) :
      MetaM (Array Sample) := do
    match others with
    | [] => return acc
    | (s, x) :: others => do
      if !(← isDefEq t s) then return ← pairs t y others acc
      let equal ← mkEq x.value y.value
      let acc := acc.push { value := equal, text := "(" ++ x.text ++ " = " ++ y.text ++ ")" }
      if !t.isConstOf ``Nat then return ← pairs t y others acc
      let less := mkApp2 (mkConst ``Nat.le) x.value y.value
      pairs t y others (acc.push { value := less, text := "(" ++ x.text ++ " ≤ " ++ y.text ++ ")" })

partial def constantTier (m : Sampler) (vars : List (Expr × Sample)) (type : Expr) (c : Name)
    (us : List Level) (n : Nat) : MetaM (Array Sample) := do
  match c with
  | ``Nat => do
    let own := #[natSample n]
    let own := if n == 3 then numbers m.numbers own else own
    if n == 1 then return appendArray own (successors vars #[]) 0 else return own
  | ``Int =>
    if n == 0 then return #[intSample 0 false]
    let own := #[intSample n false, intSample n true]
    return if n == 3 then integers m.numbers own else own
  | ``String =>
    match n with
    | 0 => return #[{ value := mkStrLit "", text := quote "" }]
    | 1 => return #[{ value := mkStrLit "a", text := quote "a" }]
    | 2 => return #[{ value := mkStrLit "b", text := quote "b" },
        { value := mkStrLit "ab", text := quote "ab" }]
    | 3 => return #[{ value := mkStrLit "aba", text := quote "aba" },
        { value := mkStrLit "a b", text := quote "a b" }]
    | 4 => return #[{ value := mkStrLit "Ab0 ", text := quote "Ab0 " }]
    | 5 => return #[{ value := mkStrLit "abcab", text := quote "abcab" }]
    | _ => return #[]
  | ``Char =>
    match n with
    | 0 => return #[char 'a']
    | 1 => return #[char 'b', char ' ']
    | 2 => return #[char 'A', char '0']
    | _ => return #[]
  | c =>
    if memName c numberTypes then numberTier type n
    else
      match (← getEnv).find? c with
      | some (.inductInfo v) =>
        let plain := match v.ctors with
          | [_] => !v.isRec && v.numNested == 0 && v.numIndices == 0
          | _ => false
        constructors m vars type v us plain v.ctors n #[]
      | _ => numberTier type n
where
  char (c : Char) : Sample :=
    { value := .app (mkConst ``Char.ofNat) (mkRawNatLit c.toNat), text := "'" ++ c.toString ++ "'" }
  natSample (n : Nat) : Sample := { value := mkRawNatLit n, text := toString n }
  intSample (n : Nat) (negative : Bool) : Sample :=
    if negative then
      { value := .app (mkConst ``Int.negSucc) (mkRawNatLit (n - 1)), text := "(-" ++ toString n ++ ")" }
    else { value := .app (mkConst ``Int.ofNat) (mkRawNatLit n), text := toString n }
  numbers : List Nat → Array Sample → Array Sample
    | [], acc => acc
    | k :: ks, acc => numbers ks (acc.push (natSample k))
  integers : List Nat → Array Sample → Array Sample
    | [], acc => acc
    | k :: ks, acc => integers ks ((acc.push (intSample k false)).push (intSample k true))
  successors : List (Expr × Sample) → Array Sample → Array Sample
    | [], acc => acc
    | (t, x) :: rest, acc =>
      if t.isConstOf ``Nat then
        let one : Sample :=
          { value := .app (mkConst ``Nat.succ) x.value, text := "(" ++ x.text ++ " + 1)" }
        successors rest (acc.push one)
      else successors rest acc
  numberTier (type : Expr) (n : Nat) : MetaM (Array Sample) := do
    if 8 < n then return #[]
    if type.isAppOfArity ``Fin 1 then
      match (← whnf type.appArg!).rawNatLit? with
      | some k => if k ≤ n then return #[]
      | none => pure ()
    match ← numeral type n with
    | some value => return (← largest type n).push { value, text := toString n }
    | none => return #[]
  largest (type : Expr) (n : Nat) : MetaM (Array Sample) := do
    let size? := match n, type.getAppFn.constName with
      | 1, ``UInt8 => some 256
      | 1, ``UInt16 => some 65536
      | 1, ``UInt32 => some 4294967296
      | 1, ``UInt64 => some 18446744073709551616
      | 1, ``Int8 => some 128
      | 1, ``Int16 => some 32768
      | 1, ``Int32 => some 2147483648
      | 1, ``Int64 => some 9223372036854775808
      | _, _ => none
    match size? with
    | none => return #[]
    | some size =>
      match ← numeral type (size - 1) with
      | some value => return #[{ value, text := toString (size - 1) }]
      | none => return #[]

partial def constructors (m : Sampler) (vars : List (Expr × Sample)) (type : Expr)
    (v : InductiveVal) (us : List Level) (plain : Bool) (names : List Name) (n : Nat)
    (acc : Array Sample) : MetaM (Array Sample) := do
  match names with
  | [] => return acc
  | c :: rest => do
    let acc ← match (← getEnv).find? c with
      | some info => do
        let args := argsOf type
        let made := info.type.instantiateLevelParams info.levelParams us
        let made := typeAfter args v.numParams 0 made
        let head := takeArgs args v.numParams 0 (mkConst c us)
        let k : Maker :=
          { name := c, plain, target := if v.numIndices == 0 then none else some type }
        match made with
        | .forallE .. =>
          if plain then fill m vars k head made [] n acc
          else if n == 0 then pure acc
          else fill m vars k head made [] (n - 1) acc
        | _ => fill m vars k head made [] n acc
      | none => pure acc
    constructors m vars type v us plain rest n acc

/-- Gives the arguments of a constructor values whose tiers add up to `n`. -/
partial def fill (m : Sampler) (vars : List (Expr × Sample)) (k : Maker)
    (f type : Expr) (args : List Sample) (n : Nat) (acc : Array Sample) : MetaM (Array Sample) := do
  if m.cap ≤ acc.size then return acc
  match type with
  | .forallE _ d b info => do
    if ← Meta.isProp d then
      match ← decided d with
      | none => return acc
      | some proof =>
        let one : Sample := { value := proof, text := "(by decide)" }
        let args := if info == .default then one :: args else args
        fill m vars k (.app f proof) (b.instantiate1 proof) args n acc
    else fillFrom m vars k f d b info args n (if b.isForall then 0 else n) acc
  | made => do
    if n != 0 then return acc
    let one := k.sample f (reverseSamples args [])
    match k.target with
    | none => return acc.push one
    | some target => if ← isDefEq made target then return acc.push one else return acc

partial def fillFrom (m : Sampler) (vars : List (Expr × Sample)) (k : Maker)
    (f d b : Expr) (info : BinderInfo) (args : List Sample) (n i : Nat) (acc : Array Sample) :
    MetaM (Array Sample) := do
  if n < i then return acc
  let found ← if info == .instImplicit && 0 < i then pure #[] else tier m vars d i
  let acc ← fillEach m vars k f b info args (n - i) found 0 acc
  fillFrom m vars k f d b info args n (i + 1) acc

partial def fillEach (m : Sampler) (vars : List (Expr × Sample)) (k : Maker)
    (f b : Expr) (info : BinderInfo) (args : List Sample) (n : Nat) (found : Array Sample) (i : Nat)
    (acc : Array Sample) : MetaM (Array Sample) := do
  if h : i < found.size then
    let s := found[i]
    let more := if info == .default then s :: args else args
    let acc ← fill m vars k (.app f s.value) (b.instantiate1 s.value) more n acc
    fillEach m vars k f b info args n found (i + 1) acc
  else return acc

/-- Functions by cases on the constructors of a type that has few. -/
partial def byCases (m : Sampler) (vars : List (Expr × Sample)) (d b : Expr) (n : Nat)
    (acc : Array Sample) : MetaM (Array Sample) := do
  let d ← whnf d
  match d.getAppFn with
  | .const c us =>
    match (← getEnv).find? c with
    | some (.inductInfo v) =>
      if v.numIndices != 0 || !constructorNames v.ctors 4 then return acc
      match v.ctors with
      | [] | [_] => return acc
      | ctors => do
        let u ← getLevel b
        let motive := Expr.lam `x d b .default
        let cases := takeArgs (argsOf d) v.numParams 0 (mkConst (.str c "casesOn") (u :: us))
        let name := "x" ++ toString (countVars vars)
        let head := mkApp2 cases motive (.bvar 0)
        let close (e : Expr) (text : String) : Sample :=
          let text := "(fun " ++ name ++ " => match " ++ name ++ " with" ++ text ++ ")"
          { value := .lam name.toName d e .default, text }
        branches m vars d v us b close ctors head "" [] (n - 1) acc
    | _ => return acc
  | _ => return acc
where
  countVars : List (Expr × Sample) → Nat
    | [] => 0
    | _ :: rest => countVars rest + 1

partial def branches (m : Sampler) (vars : List (Expr × Sample)) (d : Expr) (v : InductiveVal)
    (us : List Level) (b : Expr) (close : Expr → String → Sample) (ctors : List Name) (head : Expr)
    (text : String) (chosen : List Sample) (n : Nat) (acc : Array Sample) : MetaM (Array Sample) := do
  if m.cap ≤ acc.size then return acc
  match ctors with
  | [] => if n == 0 && !allSame chosen then return acc.push (close head text) else return acc
  | c :: rest =>
    match (← getEnv).find? c with
    | none => return acc
    | some info => do
      let made := info.type.instantiateLevelParams info.levelParams us
      let made := typeAfter (argsOf d) v.numParams 0 made
      let start := match rest with
        | [] => n
        | _ => 0
      branchFrom m vars d v us b close rest head (text ++ " | " ++ patternText c made ++ " => ")
        made chosen n start acc

partial def branchFrom (m : Sampler) (vars : List (Expr × Sample)) (d : Expr) (v : InductiveVal)
    (us : List Level) (b : Expr) (close : Expr → String → Sample) (rest : List Name) (head : Expr)
    (text : String) (made : Expr) (chosen : List Sample) (n i : Nat) (acc : Array Sample) :
    MetaM (Array Sample) := do
  if n < i then return acc
  let found ← tier m vars b i
  let acc ← each found 0 acc
  branchFrom m vars d v us b close rest head text made chosen n (i + 1) acc
where
  each (found : Array Sample) (j : Nat) (acc : Array Sample) : MetaM (Array Sample) := do
    if h : j < found.size then
      let s := found[j]
      let acc ← branches m vars d v us b close rest (.app head (constantly made s.value))
        (text ++ s.text) (s :: chosen) (n - i) acc
      each found (j + 1) acc
    else return acc

end

/-! ### What holds at a point -/

/-- How a proposition is evaluated: with instances found once for all points. -/
inductive Plan where
  | const (holds : Bool)
  | bool (e : Expr)
  | eq (type a b : Expr) (decide : Option Expr)
  | not (p : Plan)
  | and (p q : Plan)
  | or (p q : Plan)
  | imp (p q : Plan)
  | iff (p q : Plan)
  | all (x type : Expr) (p : Plan)
  | ex (x type : Expr) (p : Plan)
  | late (e : Expr)

/-- `sure`: it was evaluated, not guessed from samples. -/
inductive Truth where
  | holds (sure : Bool)
  | fails (sure : Bool)
  | unknown

def Truth.not : Truth → Truth
  | .holds sure => .fails sure
  | .fails sure => .holds sure
  | .unknown => .unknown

def Truth.and : Truth → Truth → Truth
  | .fails true, _ | _, .fails true => .fails true
  | .fails false, _ | _, .fails false => .fails false
  | .holds s, .holds t => .holds (s && t)
  | _, _ => .unknown

def Truth.or (p q : Truth) : Truth := (p.not.and q.not).not

def Truth.iff : Truth → Truth → Truth
  | .unknown, _ | _, .unknown => .unknown
  | .holds s, .holds t | .fails s, .fails t => .holds (s && t)
  | .holds s, .fails t | .fails s, .holds t => .fails (s && t)

def decideTerm (e : Expr) : MetaM (Option Expr) := do
  match ← synthInstance? (mkApp (mkConst ``Decidable) e) with
  | some inst => return some (mkApp2 (mkConst ``Decidable.decide) e inst)
  | none => return none

partial def plan (e : Expr) (fuel : Nat) : MetaM Plan := do
  let e := (← instantiateMVars e).consumeMData.headBeta
  match e with
  | .forallE name d b _ => do
    if ← Meta.isProp d then
      return .imp (← plan d fuel) (← plan (b.instantiate1 (assumed d)) fuel)
    match ← decideTerm e with
    | some e => return .bool e
    | none => withVar name d fun x => do return .all x d (← plan (b.instantiate1 x) fuel)
  | .letE _ _ v b _ => plan (b.instantiate1 v) fuel
  | e =>
    match e.getAppFn.constName, argsOf e with
    | ``True, #[] => return .const true
    | ``False, #[] => return .const false
    | ``Not, #[p] => return .not (← plan p fuel)
    | ``And, #[p, q] => return .and (← plan p fuel) (← plan q fuel)
    | ``Or, #[p, q] => return .or (← plan p fuel) (← plan q fuel)
    | ``Iff, #[p, q] => return .iff (← plan p fuel) (← plan q fuel)
    | ``Eq, #[t, a, b] => equation t a b fuel
    | ``Ne, #[t, a, b] => return .not (← equation t a b fuel)
    | ``Nonempty, #[d] => withVar `x d fun x => return .ex x d (.const true)
    | ``Exists, #[d, p] =>
      match ← decideTerm e with
      | some e => return .bool e
      | none => withVar `x d fun x => do return .ex x d (← plan (.app p x) fuel)
    | _, _ =>
      match ← decideTerm e with
      | some e => return .bool e
      | none =>
        match fuel with
        | 0 => return .late e
        | fuel + 1 =>
          match ← unfoldDefinition? e with
          | some e => plan e fuel
          | none => return .late e
where
  equation (t a b : Expr) (fuel : Nat) : MetaM Plan := do
    match ← whnfR t with
    | .sort .zero => return .iff (← plan a fuel) (← plan b fuel)
    | t =>
      let u ← getLevel t
      let eq := mkApp3 (mkConst ``Eq [u]) t a b
      return .eq t a b (← decideTerm eq)

/-- Which fields of a constructor are data, neither proofs nor types. -/
partial def dataFields (type : Expr) : MetaM (List Bool) := do
  match type with
  | .forallE name d b _ => do
    let own := !(← Meta.isProp d) && !(← whnfR d).isSort
    let rest ← withVar name d fun x => dataFields (b.instantiate1 x)
    return own :: rest
  | _ => return []

def findFields (c : Name) : List (Name × List Bool) → Option (List Bool)
  | [] => none
  | (n, fields) :: rest => if n == c then some fields else findFields c rest

def fieldsOf (m : Sampler) (info : ConstructorVal) : MetaM (List Bool) := do
  match findFields info.name (← m.fields.get) with
  | some fields => return fields
  | none => do
    let fields ← dataFields info.type
    m.fields.modify fun known => (info.name, fields) :: known
    return fields

def asSuccessor (e : Expr) : Expr :=
  match e with
  | .lit (.natVal (n + 1)) => .app (mkConst ``Nat.succ) (mkRawNatLit n)
  | .lit (.natVal 0) => mkConst ``Nat.zero
  | e => e

mutual

/-- Whether two closed values are equal, as far as their constructors tell. -/
partial def same (m : Sampler) (a b : Expr) (fuel : Nat) : MetaM (Option Bool) := do
  if a == b then return some true
  let a ← kernelWhnf a
  let b ← kernelWhnf b
  match a, b with
  | .lit x, .lit y => return some (x == y)
  | a, b =>
    let a := asSuccessor a
    let b := asSuccessor b
    match fuel, a.getAppFn, b.getAppFn with
    | fuel + 1, .const c _, .const c' _ =>
      match (← getEnv).find? c, (← getEnv).find? c' with
      | some (.ctorInfo v), some (.ctorInfo _) =>
        if c != c' then return some false
        sameFields m (← fieldsOf m v) v.numParams 0 (argsOf a) (argsOf b) fuel (some true)
      | _, _ => return none
    | _, _, _ => return none

partial def sameFields (m : Sampler) (fields : List Bool) (skip i : Nat) (as bs : Array Expr)
    (fuel : Nat) (acc : Option Bool) : MetaM (Option Bool) := do
  match fields with
  | [] => return acc
  | field :: fields =>
    if h : i < as.size ∧ i < bs.size then
      if i < skip || !field then sameFields m fields skip (i + 1) as bs fuel acc
      else
        match ← same m (as[i]'h.1) (bs[i]'h.2) fuel with
        | some false => return some false
        | some true => sameFields m fields skip (i + 1) as bs fuel acc
        | none => sameFields m fields skip (i + 1) as bs fuel none
    else return acc

end

def given (xs vs : Array Expr) (e : Expr) : Expr := e.replaceFVars xs vs

/-- The last tier that a quantifier inside a statement is tried on, inside so many others. -/
def innerTiers : Nat → Nat
  | 0 => 4
  | 1 => 2
  | _ => 1

mutual

partial def truth (m : Sampler) (xs vs : Array Expr) (p : Plan) (depth : Nat := 0) : MetaM Truth := do
  match p with
  | .const true => return .holds true
  | .const false => return .fails true
  | .bool e => boolTruth (given xs vs e)
  | .eq t a b decide => do
    match ← equal m (given xs vs t) (given xs vs a) (given xs vs b) with
    | .unknown =>
      match decide with
      | some e => boolTruth (given xs vs e)
      | none => return .unknown
    | found => return found
  | .not p => return (← truth m xs vs p depth).not
  | .and p q => do
    match ← truth m xs vs p depth with
    | .fails true => return .fails true
    | one => return one.and (← truth m xs vs q depth)
  | .or p q => do
    match ← truth m xs vs p depth with
    | .holds true => return .holds true
    | one => return one.or (← truth m xs vs q depth)
  | .imp p q => do
    match ← truth m xs vs p depth with
    | .fails true => return .holds true
    | one => return one.not.or (← truth m xs vs q depth)
  | .iff p q => return (← truth m xs vs p depth).iff (← truth m xs vs q depth)
  | .all x t p => quantified m xs vs x (given xs vs t) p depth 0
  | .ex x t p => return (← quantified m xs vs x (given xs vs t) (.not p) depth 0).not
  | .late e => do
    let e ← kernelWhnf (given xs vs e)
    match ← plan e 2 with
    | .late e => do
      let steps ← ST.mkRef 200
      let before := (← get).mctx
      let found ← derive m steps [e] depth
      modify fun s => { s with mctx := before }
      return if found then .holds true else .fails false
    | p => truth m xs vs p depth
where
  boolTruth (e : Expr) : MetaM Truth := do
    let value ← kernelWhnf e
    if value.isConstOf ``Bool.true then return .holds true
    if value.isConstOf ``Bool.false then return .fails true
    return .unknown

partial def equal (m : Sampler) (t a b : Expr) : MetaM Truth := do
  match ← whnf t with
  | .forallE _ d c _ => do
    if a == b then return .holds true
    functions m d c a b 0
  | _ =>
    match ← same m a b 200 with
    | some true => return .holds true
    | some false => return .fails true
    | none => return .unknown

/-- Whether propositions follow by the constructors of their inductive predicates, most of whose
arguments they say; where not, it may only not have been found. -/
partial def derive (m : Sampler) (steps : IO.Ref Nat) (goals : List Expr) (depth : Nat) :
    MetaM Bool := do
  match goals with
  | [] => return true
  | g :: rest => do
    let left ← steps.get
    if left == 0 || (← m.over) then return false
    steps.set (left - 1)
    let g ← instantiateMVars g
    let g ← if g.hasExprMVar then pure g else kernelWhnf g
    match g.getAppFn with
    | .const c us =>
      match (← getEnv).find? c with
      | some (.inductInfo v) =>
        match ← (if g.hasExprMVar then pure (.late g) else plan g 0) with
        | .late _ => byAny v.ctors g us rest
        | p => outright p rest
      | _ => if g.hasExprMVar then return false else outright (← plan g 2) rest
    | _ => if g.hasExprMVar then return false else outright (← plan g 2) rest
where
  outright (p : Plan) (rest : List Expr) : MetaM Bool := do
    match p with
    | .late _ => return false
    | p =>
      match ← truth m #[] #[] p depth with
      | .holds true => derive m steps rest depth
      | _ => return false
  premises (args : Array Expr) (i : Nat) (rest : List Expr) : MetaM (List Expr) := do
    if h : i < args.size then
      let others ← premises args (i + 1) rest
      let type ← inferType args[i]
      if ← Meta.isProp type then return type :: others else return others
    else return rest
  byAny (ctors : List Name) (g : Expr) (us : List Level) (rest : List Expr) : MetaM Bool := do
    match ctors with
    | [] => return false
    | c :: cs => do
      let before := (← get).mctx
      let (args, _, made) ← forallMetaTelescope (← inferType (mkConst c us))
      if ← isDefEq made g then
        if ← derive m steps (← premises args 0 rest) depth then return true
      modify fun s => { s with mctx := before }
      byAny cs g us rest

/-- Whether two functions differ on a sample. -/
partial def functions (m : Sampler) (d c a b : Expr) (n : Nat) : MetaM Truth := do
  if innerTiers 0 < n then return .unknown
  let found ← tier m [] d n
  if ← each found 0 then return .fails true
  functions m d c a b (n + 1)
where
  each (found : Array Sample) (i : Nat) : MetaM Bool := do
    if h : i < found.size then
      let v := found[i].value
      match ← equal m (c.instantiate1 v) (.app a v) (.app b v) with
      | .fails true => return true
      | _ => each found (i + 1)
    else return false

/-- `∀` over the samples of a type: when none fails, it is still a guess. -/
partial def quantified (m : Sampler) (xs vs : Array Expr) (x t : Expr) (p : Plan)
    (depth n : Nat) : MetaM Truth := do
  if innerTiers depth < n then return .holds false
  let found ← tier m [] t n
  match ← each found 0 (.holds false) with
  | .fails true => return .fails true
  | .holds _ => quantified m xs vs x t p depth (n + 1)
  | other => return other
where
  each (found : Array Sample) (i : Nat) (acc : Truth) : MetaM Truth := do
    if h : i < found.size then
      if ← m.over then return .unknown
      match ← truth m (xs.push x) (vs.push found[i].value) p (depth + 1) with
      | .fails true => return .fails true
      | .fails false => each found (i + 1) (.fails false)
      | .holds _ => each found (i + 1) acc
      | .unknown => each found (i + 1) (match acc with
        | .fails s => .fails s
        | _ => .unknown)
    else return acc

end

/-! ### A point where a statement fails -/

/-- A variable, or a hypothesis with how it is evaluated. -/
structure Bound where
  name : Name
  var : Expr
  type : Expr
  plan : Option Plan
  explicit : Bool

/-- What a point gives to a variable, none to a hypothesis, and whether an application shows it. -/
structure Given where
  name : Name
  text : Option String
  explicit : Bool

structure Hunt where
  sampler : Sampler
  body : Plan
  points : IO.Ref Nat
  undecided : IO.Ref Nat
  tried : IO.Ref Nat
  dearest : IO.Ref Nat
  found : IO.Ref (Option (List Given))
  guesses : IO.Ref (List (List Given))
  most : Nat

def countGiven : List (List Given) → Nat
  | [] => 0
  | _ :: rest => countGiven rest + 1

def reverseGiven : List Given → List Given → List Given
  | [], acc => acc
  | g :: gs, acc => reverseGiven gs (g :: acc)

def Hunt.over (h : Hunt) : MetaM Bool := do
  if (← h.found.get).isSome then return true
  if h.most ≤ (← h.points.get) then return true
  h.sampler.over

def Hunt.look (h : Hunt) (xs vs : Array Expr) (values : List Given) (sure : Bool) : MetaM Unit := do
  let before ← (IO.getNumHeartbeats : BaseIO Nat)
  let result ← try truth h.sampler xs vs h.body catch _ => pure .unknown
  let after ← (IO.getNumHeartbeats : BaseIO Nat)
  let dearest ← h.dearest.get
  let points ← h.points.get
  h.points.set (points + 1)
  if 16 < points && dearest < after - before then h.dearest.set (after - before)
  match result with
  | .fails true =>
    if sure then h.found.set (some (reverseGiven values []))
    else guess values
  | .fails false => guess values
  | .unknown => do
    h.undecided.modify (· + 1)
    guess values
  | .holds _ => pure ()
where
  guess (values : List Given) : MetaM Unit := do
    if countGiven (← h.guesses.get) < 8 then
      h.guesses.modify fun old => reverseGiven values [] :: old

def dataFollows : List Bound → Bool
  | [] => false
  | b :: bs => b.plan.isNone || dataFollows bs

mutual

/-- Goes through the points whose tiers add up to `n`. -/
partial def Hunt.walk (h : Hunt) (bound : List Bound) (xs vs : Array Expr) (values : List Given)
    (sure : Bool) (n : Nat) : MetaM Unit := do
  if ← h.over then return ()
  match bound with
  | [] => if n == 0 then h.look xs vs values sure
  | b :: rest =>
    let type := given xs vs b.type
    match b.plan with
    | some p => do
      let xs' := xs.push b.var
      let vs' := vs.push (assumed type)
      let values' := { name := b.name, text := none, explicit := b.explicit } :: values
      match ← (try truth h.sampler xs vs p catch _ => pure .unknown) with
      | .fails _ => pure ()
      | .holds true => h.walk rest xs' vs' values' sure n
      | _ => h.walk rest xs' vs' values' false n
    | none => h.walkFrom b rest type xs vs values sure n (if dataFollows rest then 0 else n)

partial def Hunt.walkFrom (h : Hunt) (b : Bound) (rest : List Bound) (type : Expr)
    (xs vs : Array Expr) (values : List Given) (sure : Bool) (n i : Nat) : MetaM Unit := do
  if n < i then return ()
  let found ← try tier h.sampler [] type i catch _ => pure #[]
  each found 0
  h.walkFrom b rest type xs vs values sure n (i + 1)
where
  each (found : Array Sample) (j : Nat) : MetaM Unit := do
    if hj : j < found.size then
      if ← h.over then return ()
      h.tried.modify (· + 1)
      let s := found[j]
      h.walk rest (xs.push b.var) (vs.push s.value)
        ({ name := b.name, text := some s.text, explicit := b.explicit } :: values) sure (n - i)
      each found (j + 1)

end

/-- Points by the sum of their tiers, until no variable has more values, the points are dear, or
enough were looked at. -/
partial def Hunt.rounds (h : Hunt) (bound : List Bound) (values : List Given) (n idle : Nat) :
    MetaM Unit := do
  if ← h.over then return ()
  let tried ← h.tried.get
  h.walk bound #[] #[] values true n
  let idle := if (← h.tried.get) == tried then idle + 1 else 0
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let dear := h.sampler.until' - start < (← h.dearest.get) * 4
  if 5 < idle || 400 < n || dear then return ()
  h.rounds bound values (n + 1) idle

/-- Whether a binder is a type, a family of types or an instance: given before anything is evaluated. -/
def isFrame (d : Expr) : MetaM Bool := do
  if (← isClass? d).isSome then return true
  match ← whnf d with
  | .sort .zero => return false
  | .sort _ => return true
  | .forallE _ _ b _ => return endsInType b
  | _ => return false
where
  endsInType : Expr → Bool
    | .forallE _ _ b _ => endsInType b
    | .sort .zero => false
    | .sort _ => true
    | _ => false

structure Findings where
  points : IO.Ref Nat
  undecided : IO.Ref Nat
  found : IO.Ref (Option (List Given))
  guesses : IO.Ref (List (List Given))

/-- The variables and hypotheses of a statement, and how what it says of them is evaluated. -/
partial def withBounds (e : Expr) (acc : List Bound) (x : List Bound → Plan → MetaM Unit) :
    MetaM Unit := do
  let e := e.consumeMData
  match e with
  | .forallE name d b info => do
    let prop ← Meta.isProp d
    let how ← if prop then do pure (some (← plan d 4)) else pure none
    withVar name d fun v =>
      withBounds (b.instantiate1 v) ({ name, var := v, type := d, plan := how, explicit := info == .default } :: acc) x
  | .letE _ _ v b _ => withBounds (b.instantiate1 v) acc x
  | e => do
    match ← unfoldsToForall e with
    | some e => withBounds e acc x
    | none => x (backwards acc []) (← plan e 4)
where
  backwards : List Bound → List Bound → List Bound
    | [], acc => acc
    | b :: bs, acc => backwards bs (b :: acc)
  unfoldsToForall (e : Expr) : MetaM (Option Expr) := do
    match e with
    | .app (.const ``Not _) p => return some (.forallE `h p (mkConst ``False) .default)
    | e => do
      match ← unfoldDefinition? e with
      | some unfolded =>
        match unfolded.headBeta with
        | .forallE name d b info => return if ← Meta.isProp d then none else some (.forallE name d b info)
        | _ => return none
      | none => return none

/-- What one choice of types and instances may take. -/
structure Share where
  points : Nat
  heartbeats : Nat

mutual

/-- Gives types and instances to a statement, and hunts with each choice. -/
partial def frames (l : Findings) (m : Sampler) (e : Expr) (values : List Given) (share : Share)
    (n : Nat) : MetaM Unit := do
  if (← l.found.get).isSome || (← m.over) then return ()
  let e := e.consumeMData
  match e with
  | .forallE name d b info => do
    if ← isFrame d then frameFrom l m name d b (info == .default) values share n 0
    else hunt
  | _ => hunt
where
  hunt : MetaM Unit := do
    if n != 0 then return ()
    let most := (← l.points.get) + share.points
    let now ← (IO.getNumHeartbeats : BaseIO Nat)
    let m := { m with until' := min m.until' (now + share.heartbeats) }
    let tried ← ST.mkRef 0
    let dearest ← ST.mkRef 0
    withBounds e [] fun bound body => do
      let h : Hunt := { sampler := m, body, points := l.points, undecided := l.undecided, tried,
                        dearest, found := l.found, guesses := l.guesses, most }
      h.rounds bound values 0 0

partial def frameFrom (l : Findings) (m : Sampler) (name : Name) (d b : Expr)
    (explicit : Bool) (values : List Given) (share : Share) (n i : Nat) : MetaM Unit := do
  if n < i then return ()
  let found ← try tier m [] d i catch _ => pure #[]
  each found 0
  frameFrom l m name d b explicit values share n (i + 1)
where
  each (found : Array Sample) (j : Nat) : MetaM Unit := do
    if h : j < found.size then
      let s := found[j]
      frames l m (b.instantiate1 s.value) ({ name, text := some s.text, explicit } :: values) share (n - i)
      each found (j + 1)

end

/-- Universe parameters become 0, or 1 where they are the universe of a type. -/
def atGround (e : Expr) : Expr :=
  e.replaceLevel fun l => match l with
    | .param u => match e.find? (· == .sort (.param u)) with
      | some _ => some levelOne
      | none => some levelZero
    | .mvar _ => some levelZero
    | _ => none

/-- The numbers that a statement names, with their neighbours; not the smallest, which come anyway,
and none that is large. -/
def numbersOf (e : Expr) : List Nat :=
  go (literals e []) []
where
  literals (e : Expr) (acc : List Nat) : List Nat :=
    match e with
    | .lit (.natVal n) => n :: acc
    | .app f a => literals f (literals a acc)
    | .lam _ d b _ | .forallE _ d b _ => literals d (literals b acc)
    | .letE _ t v b _ => literals t (literals v (literals b acc))
    | .mdata _ e | .proj _ _ e => literals e acc
    | _ => acc
  has (n : Nat) : List Nat → Bool
    | [] => false
    | m :: ms => m == n || has n ms
  put (n : Nat) (acc : List Nat) : List Nat := if n < 4 || has n acc then acc else n :: acc
  go : List Nat → List Nat → List Nat
    | [], acc => acc
    | n :: ns, acc => if 2000 < n then go ns acc else go ns (put (n - 1) (put n (put (n + 1) acc)))

def givenJson (g : Given) : String :=
  array [quote g.name.eraseMacroScopes.toString, match g.text with
    | some text => quote text
    | none => "null", bool g.explicit]

def pointJson (values : List Given) : String := array (rows values)
where
  rows : List Given → List String
    | [] => []
    | g :: gs => givenJson g :: rows gs

def pointsJson : List (List Given) → List String → List String
  | [], acc => acc
  | p :: ps, acc => pointsJson ps (pointJson p :: acc)

/-- Runs `x` in the environment of a state, beside its goals. -/
def State.beside (s : State) (heartbeats start : Nat) (x : MetaM α) : BaseIO (Except Exception α) := do
  let core ← ST.mkRef s.core
  let meta' ← ST.mkRef s.meta'
  EIO.toBaseIO (x metaContext meta' (coreContext s.options s.currNamespace s.openDecls heartbeats start) core)

/-- Looks for a point where the first goal of a state is false or, with `negation`, where that is
what the goal claims. -/
def refute (ref : GymRef) (req : Json) (start : Nat) : IO Outcome := do
  match getNat req "state", getNat req "most", getNat req "heartbeats" with
  | .ok id, .ok most, .ok heartbeats => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    let g :: _ := s.goals | return .failed "unknown" "the state has no goals"
    let closed ← match ← EIO.toIO' (s.query (inGoal g (closedGoal g))) with
      | .error e => return ← failure e
      | .ok e => pure e
    if closed.hasExprMVar then return .failed "open" "the goal has metavariables"
    let statement ← if getBool req "negation" then
        match closed.consumeMData with
        | .app (.const ``Not _) p | .forallE _ p (.const ``False _) _ => pure p
        | _ => return .failed "request" "the goal is no negation"
      else pure closed
    let statement := atGround statement
    let points ← ST.mkRef 0
    let undecided ← ST.mkRef 0
    let found ← ST.mkRef (none : Option (List Given))
    let guesses ← ST.mkRef ([] : List (List Given))
    let l : Findings := { points, undecided, found, guesses }
    let m ← newSampler (numbersOf statement) most (start + heartbeats * 900)
    let hunt : MetaM Unit := do
      let framed ← match statement with
        | .forallE _ d _ _ => isFrame d
        | _ => pure false
      let all := heartbeats * 900
      if framed then
        frames l m statement [] { points := most, heartbeats := all / 4 * 3 } 0
        frames l m statement [] { points := most / 4, heartbeats := all / 32 } 1
        frames l m statement [] { points := most / 8, heartbeats := all / 64 } 2
      else frames l m statement [] { points := most, heartbeats := all } 0
    let _ ← s.beside heartbeats start hunt
    let at' ← found.get
    let maybe ← guesses.get
    return .ok (field "found" (match at' with
        | some values => pointJson values
        | none => "null")
      ++ field "guesses" (array (pointsJson maybe []))
      ++ field "points" (toString (← points.get)) ++ field "undecided" (toString (← undecided.get)))
  | .error e, _, _ | _, .error e, _ | _, _, .error e => return .failed "request" e

/-! ### Values of terms at points -/

/-- What a function gives for values, by the call: terms that are compared share most calls. -/
structure Calls where
  sampler : Sampler
  buckets : IO.Ref (Array (List (Expr × Expr)))
  size : IO.Ref Nat

def newCalls (m : Sampler) : BaseIO Calls := do
  let buckets ← ST.mkRef (Array.replicate bucketCount ([] : List (Expr × Expr)))
  let size ← ST.mkRef 0
  return { sampler := m, buckets, size }

def valueOf (call : Expr) : List (Expr × Expr) → Option Expr
  | [] => none
  | (c, v) :: rest => if c == call then some v else valueOf call rest

/-- Which arguments of a function are data that can be evaluated before it. -/
partial def dataArguments (m : Sampler) (f : Name) : MetaM (List Bool) := do
  match findFields f (← m.fields.get) with
  | some fields => return fields
  | none => do
    let fields ← match (← getEnv).find? f with
      | some info => plainFields info.type
      | none => pure []
    m.fields.modify fun known => (f, fields) :: known
    return fields
where
  plainFields (type : Expr) : MetaM (List Bool) := do
    match type with
    | .forallE name d b info => do
      let t ← whnfR d
      let own := info != .instImplicit && !(← Meta.isProp d) && !t.isSort && !t.isForall
      let rest ← withVar name d fun x => plainFields (b.instantiate1 x)
      return own :: rest
    | _ => return []

mutual

/-- The normal form of a closed term, constructors and data alone; none where evaluation is stuck or
the value is large. -/
partial def Calls.normal (k : Calls) (e : Expr) : MetaM (Option Expr) := do
  let size ← k.size.get
  if size == 0 then return none
  k.size.set (size - 1)
  match e with
  | .lit _ => return some e
  | .mdata _ e => k.normal e
  | e =>
    match e.getAppFn with
    | .const c _ =>
      match (← getEnv).find? c with
      | some (.ctorInfo v) => k.constructor e v
      | some (.inductInfo _) => return none
      | some _ => k.call e c
      | none => return none
    | .sort _ | .forallE .. | .fvar _ => return none
    | _ => k.head e

partial def Calls.constructor (k : Calls) (e : Expr) (v : ConstructorVal) :
    MetaM (Option Expr) := do
  match ← k.arguments e (← fieldsOf k.sampler v) with
  | none => return none
  | some e => match e with
    | .const ``Nat.zero _ => return some (mkRawNatLit 0)
    | .app (.const ``Nat.succ _) (.lit (.natVal n)) => return some (mkRawNatLit (n + 1))
    | e => return some e

partial def Calls.call (k : Calls) (e : Expr) (c : Name) : MetaM (Option Expr) := do
  let e := match ← k.arguments e (← dataArguments k.sampler c) with
    | some e => e
    | none => e
  let i := e.hash.toNat % bucketCount
  let buckets ← k.buckets.get
  let known := if h : i < buckets.size then valueOf e buckets[i] else none
  match known with
  | some value => return some value
  | none =>
    match ← k.head e with
    | none => return none
    | some value =>
      let bucket := if h : i < buckets.size then buckets[i] else []
      k.buckets.modify fun buckets => buckets.set! i ((e, value) :: bucket)
      return some value

partial def Calls.head (k : Calls) (e : Expr) : MetaM (Option Expr) := do
  let value ← kernelWhnf e
  match value with
  | .lit _ => return some value
  | value =>
    match value.getAppFn with
    | .const c _ =>
      match (← getEnv).find? c with
      | some (.ctorInfo v) => k.constructor value v
      | _ => return none
    | _ => return none

/-- An application with those of its arguments evaluated that are data. -/
partial def Calls.arguments (k : Calls) (e : Expr) (data : List Bool) : MetaM (Option Expr) := do
  let args := argsOf e
  go args data 0 e.getAppFn
where
  go (args : Array Expr) (data : List Bool) (i : Nat) (f : Expr) : MetaM (Option Expr) := do
    if h : i < args.size then
      match data with
      | true :: data =>
        match ← k.normal args[i] with
        | some value => go args data (i + 1) (.app f value)
        | none => return none
      | false :: data => go args data (i + 1) (.app f args[i])
      | [] => go args [] (i + 1) (.app f args[i])
    else return some f

end

/-- A sequence of numbers without a pattern (Knuth's MMIX generator). -/
def nextNumber (n : Nat) : Nat := (n * 6364136223846793005 + 1442695040888963407) % 18446744073709551616

/-- A value of a tier, or of the next lower one that has any. -/
partial def pick (m : Sampler) (d : Expr) (n number : Nat) : MetaM (Option Expr) := do
  let found ← tier m [] d n
  let i := number % found.size
  if h : i < found.size then return some found[i].value
  match n with
  | 0 => return none
  | n + 1 => pick m d n number

/-- Points for the arguments of a function: the values get larger, and at each point those of one
type mostly differ. -/
partial def pointsFrom (m : Sampler) (most : Nat) (type : Expr) (i number : Nat)
    (acc : Array (Array Expr)) : MetaM (Array (Array Expr)) := do
  if most ≤ i then return acc
  let (point, number) ← one type (i % 2 + 4 * i / most) number #[]
  match point with
  | none => return acc
  | some point => pointsFrom m most type (i + 1) number (acc.push point)
where
  one (type : Expr) (size number : Nat) (vs : Array Expr) :
      MetaM (Option (Array Expr) × Nat) := do
    match type with
    | .forallE _ d b _ =>
      let first := nextNumber number
      let second := nextNumber first
      match ← pick m d ((first / 65536) % (size + 1) + size / 3) (second / 65536) with
      | none => return (none, second)
      | some v => one (b.instantiate1 v) size second (vs.push v)
    | _ => return (some vs, number)

def parseTerm (s : State) (text : String) : Option Syntax :=
  match Parser.runParserCategory s.core.env `term text with
  | .ok stx => some stx
  | .error _ => none

/-- A closed term from its text, with its type. -/
def elabClosed (s : State) (stx : Syntax) (heartbeats start : Nat) :
    BaseIO (Option (Expr × Expr)) := do
  let core ← ST.mkRef { s.core with messages := {} }
  let meta' ← ST.mkRef s.meta'
  let term ← ST.mkRef s.term
  let act : TermElabM (Expr × Expr) := do
    let e ← Term.elabTerm stx none
    Term.synthesizeSyntheticMVarsNoPostponing
    let e ← instantiateMVars e
    let type ← instantiateMVars (← inferType e)
    return (e, type)
  let done := act { errToSorry := false } term metaContext meta'
    (coreContext s.options s.currNamespace s.openDecls heartbeats start) core
  match ← EIO.toBaseIO done with
  | .ok (e, type) =>
    if e.hasMVar || e.hasFVar || e.hasSorry then return none else return some (e, type)
  | .error _ => return none

def evaluateAt (k : Calls) (e : Expr) (points : Array (Array Expr)) (i : Nat) :
    MetaM (List String) := do
  if h : i < points.size then
    k.size.set 300
    let value ← try k.normal (e.beta points[i]) catch _ => pure none
    let one := match value with
      | some value => quote (toString value.hash)
      | none => "null"
    return one :: (← evaluateAt k e points (i + 1))
  else return []
termination_by points.size - i

/-- Rows of values, one for each term; null for one that is no closed term of the type of the first. -/
partial def evaluateAll (s : State) (k : Calls) (given : Array (Array Expr)) (most heartbeats : Nat)
    (texts : List String) (type? : Option Expr) (points : Array (Array Expr)) :
    BaseIO (List String) := do
  match texts with
  | [] => return []
  | text :: rest =>
    let start ← (IO.getNumHeartbeats : BaseIO Nat)
    let made ← match parseTerm s text with
      | some stx => elabClosed s stx heartbeats start
      | none => pure none
    match made with
    | none => return "null" :: (← evaluateAll s k given most heartbeats rest type? points)
    | some (e, type) =>
      let type := atGround type
      let e := atGround e
      match type? with
      | some type' =>
        let row ← if domains type == domains type' then valuesOf e points start else pure "null"
        return row :: (← evaluateAll s k given most heartbeats rest type? points)
      | none =>
        let points ← if given.size != 0 then pure given else
          match ← s.beside heartbeats start (pointsFrom k.sampler most type 0 1 #[]) with
          | .ok points => pure points
          | .error _ => pure #[]
        let row ← valuesOf e points start
        return row :: (← evaluateAll s k given most heartbeats rest (some type) points)
where
  valuesOf (e : Expr) (points : Array (Array Expr)) (start : Nat) : BaseIO String := do
    match ← s.beside heartbeats start (evaluateAt k e points 0) with
    | .ok row => return array row
    | .error _ => return "null"
  domains : Expr → List Expr
    | .forallE _ d b _ => d :: domains b
    | _ => []

partial def textsFrom (items : Array Json) (i : Nat) : List String :=
  if h : i < items.size then
    match items[i] with
    | .str s => s :: textsFrom items (i + 1)
    | _ => "" :: textsFrom items (i + 1)
  else []

/-- Closed terms from their texts; none if one is none. -/
def closedTerms (s : State) (heartbeats : Nat) (acc : Array Expr) :
    List String → BaseIO (Option (Array Expr))
  | [] => pure (some acc)
  | text :: rest => do
    let start ← (IO.getNumHeartbeats : BaseIO Nat)
    let made ← match parseTerm s text with
      | some stx => elabClosed s stx heartbeats start
      | none => pure none
    match made with
    | none => return none
    | some (e, _) => closedTerms s heartbeats (acc.push (atGround e)) rest

partial def pointOf (values : Array Expr) (places : List Nat) (acc : Array Expr) : Array Expr :=
  match places with
  | [] => acc
  | i :: rest => if h : i < values.size then pointOf values rest (acc.push values[i]) else acc

partial def pointsOfRows (values : Array Expr) (rows : Array Json) (i : Nat)
    (acc : Array (Array Expr)) : Array (Array Expr) :=
  if h : i < rows.size then
    match rows[i] with
    | .arr row => pointsOfRows values rows (i + 1) (acc.push (pointOf values (natsFrom row 0) #[]))
    | _ => pointsOfRows values rows (i + 1) acc
  else acc

/-- The points of a request: `values` are closed terms, `points` rows of their places. -/
def givenPoints (s : State) (heartbeats : Nat) (req : Json) :
    BaseIO (Option (Array (Array Expr))) := do
  match req.getObjVal? "values", req.getObjVal? "points" with
  | .ok (.arr texts), .ok (.arr rows) =>
    match ← closedTerms s heartbeats #[] (textsFrom texts 0) with
    | some values => return some (pointsOfRows values rows 0 #[])
    | none => return none
  | _, _ => return some #[]

/-- Hashes of the normal forms of some terms, each a closed function, at the same small points, or at
those that are given. -/
def evaluate (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "state", getNat req "most", getNat req "heartbeats", req.getObjVal? "terms" with
  | .ok id, .ok most, .ok heartbeats, .ok (.arr items) => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    let k ← newCalls (← newSampler [] 200 0)
    let some given ← givenPoints s heartbeats req | return .failed "request" "a value is no closed term"
    let rows ← evaluateAll s k given most heartbeats (textsFrom items 0) none #[]
    return .ok (field "values" (array rows))
  | .error e, _, _, _ | _, .error e, _, _ | _, _, .error e, _ => return .failed "request" e
  | _, _, _, _ => return .failed "request" "no terms"

/-! ## Documents

A text that is being written. Its commands are elaborated one at a time, so that whoever asks can turn
to a newer text in between; what each left is kept, and a newer text goes on behind those that it
has in common with an older one. Positions are byte offsets in UTF-8. -/

/-- A command of a document: what it was read as (`clean`: without complaint), and the state and the
trees that it left. -/
structure Step where
  start : Parser.ModuleParserState
  stx : Syntax
  clean : Bool
  pos : Parser.ModuleParserState
  before : Command.State
  after : Command.State
  trees : PersistentArray InfoTree

/-- A command that was read and is to be elaborated. -/
structure Pending where
  start : Parser.ModuleParserState
  stx : Syntax
  pos : Parser.ModuleParserState
  log : MessageLog

/-- A text, its commands as far as they are elaborated (newest first), and the one that comes, if any. -/
structure Document where
  input : Parser.InputContext
  imports : String
  head : Nat
  state : Command.State
  steps : List Step
  pending : Option Pending

structure Documents where
  all : Array (Option Document) := #[]

abbrev DocumentsRef := IO.Ref Documents

def readCommand (input : Parser.InputContext) (s : Command.State) (start : Parser.ModuleParserState) :
    Pending :=
  let pmctx : Parser.ParserModuleContext :=
    { env := s.env, options := currentOptions s, currNamespace := currentNamespace s,
      openDecls := currentOpens s }
  let (stx, pos, log) := Parser.parseCommand input pmctx start {}
  { start, stx, pos, log }

def noMessages (log : MessageLog) : Bool :=
  match log.toList with
  | [] => true
  | _ => false

def messagesAt (map : FileMap) : List Message → IO (List String)
  | [] => pure []
  | m :: ms => do
    let rest ← messagesAt map ms
    if m.isSilent then return rest
    let text ← m.data.toString
    let first := (map.ofPosition m.pos).byteIdx
    let last := match m.endPos with
      | some p => (map.ofPosition p).byteIdx
      | none => first
    let severity := match m.severity with
      | .information => "information"
      | .warning => "warning"
      | .error => "error"
    return ("{\"first\":" ++ toString first ++ field "last" (toString last)
      ++ field "severity" (quote severity) ++ field "text" (quote text) ++ "}") :: rest

mutual

/-- Places of the `sorry`s that stand in a text, last first. -/
partial def sorries (stx : Syntax) (acc : List String) : List String :=
  if stx.isOfKind ``Parser.Term.sorry || stx.isOfKind ``Parser.Tactic.tacticSorry then
    array [toString (byteStart stx), toString (tailOf stx)] :: acc
  else match stx with
    | .node _ _ args => if isQuotation stx then acc else sorriesIn args 0 acc
    | _ => acc

partial def sorriesIn (args : Array Syntax) (i : Nat) (acc : List String) : List String :=
  if h : i < args.size then sorriesIn args (i + 1) (sorries args[i] acc) else acc

end

/-! ### Symbols -/

mutual

/-- The first identifier of a piece of syntax that is no part of its modifiers. -/
partial def firstIdent (stx : Syntax) : Option Syntax :=
  match stx with
  | .ident .. => some stx
  | .node _ kind args =>
    if kind == ``Parser.Command.declModifiers || kind == ``Parser.Term.attributes then none
    else firstIdentIn args 0
  | _ => none

partial def firstIdentIn (args : Array Syntax) (i : Nat) : Option Syntax :=
  if h : i < args.size then
    match firstIdent args[i] with
    | some id => some id
    | none => firstIdentIn args (i + 1)
  else none

end

def declarationKind (stx : Syntax) : String :=
  match lastPart stx.getKind with
  | "definition" => "def"
  | "structure" => if stx[0][0].isToken "class" || stx[0].isOfKind `Lean.Parser.Command.classTk then "class" else "structure"
  | "classInductive" => "class"
  | kind => kind

/-- What kind of symbol a piece of syntax is, and where it is named. -/
def symbolOf (stx : Syntax) : Option (String × Option Syntax) :=
  let kind := stx.getKind
  if kind == ``Parser.Command.declaration then
    let id := match stx[1].find? (·.isOfKind ``Parser.Command.declId) with
      | some id => firstIdent id
      | none => none
    some (declarationKind stx[1], id)
  else if kind == ``Parser.Command.namespace then some ("namespace", firstIdent stx)
  else if kind == ``Parser.Command.section then some ("section", firstIdent stx)
  else if kind == ``Parser.Command.end then some ("end", firstIdent stx)
  else if kind == ``Parser.Command.ctor then some ("constructor", firstIdent stx)
  else if kind == ``Parser.Command.structSimpleBinder then some ("field", firstIdent stx)
  else if kind == ``Parser.Term.letRecDecl then some ("def", firstIdent stx)
  else if stx.isOfKind `lemma then
    some ("theorem", match stx.find? (·.isOfKind ``Parser.Command.declId) with
      | some id => firstIdent id
      | none => none)
  else none

def symbolJson (kind : String) (name : String) (stx id : Syntax) (children : List String) : String :=
  array [quote kind, quote name, toString (byteStart stx), toString (tailOf stx),
    toString (byteStart id), toString (tailOf id), array children]

def nameOf (id : Syntax) : String := id.getId.eraseMacroScopes.toString

mutual

/-- The symbols in a piece of syntax before those of `acc`. -/
partial def symbols (stx : Syntax) (acc : List String) : List String :=
  match stx with
  | .node _ kind args =>
    if isQuotation stx then acc
    else if kind == ``Parser.Command.structExplicitBinder || kind == ``Parser.Command.structImplicitBinder
        || kind == ``Parser.Command.structInstBinder then
      fields stx stx[2].getArgs 0 acc
    else match symbolOf stx with
      | some (kind, id?) =>
        let children := symbolsIn args 0 []
        match id? with
        | some id => symbolJson kind (nameOf id) stx id children :: acc
        | none => symbolJson kind "" stx stx children :: acc
      | none => symbolsIn args 0 acc
  | _ => acc

partial def symbolsIn (args : Array Syntax) (i : Nat) (acc : List String) : List String :=
  if h : i < args.size then symbols args[i] (symbolsIn args (i + 1) acc) else acc

partial def fields (stx : Syntax) (names : Array Syntax) (i : Nat) (acc : List String) : List String :=
  if h : i < names.size then
    if names[i].isIdent then
      symbolJson "field" (nameOf names[i]) stx names[i] [] :: fields stx names (i + 1) acc
    else fields stx names (i + 1) acc
  else acc

end

/-! ### Elaborating -/

def getDocument (ref : DocumentsRef) (req : Json) : BaseIO (Option (Nat × Document)) := do
  match getNat req "document" with
  | .ok id =>
    let documents ← ref.get
    if h : id < documents.all.size then
      match documents.all[id] with
      | some d => return some (id, d)
      | none => return none
    else return none
  | .error _ => return none

def setDocument (ref : DocumentsRef) (id : Nat) (d : Option Document) : BaseIO Unit :=
  ref.modify fun documents => { documents with all := documents.all.set! id d }

/-- Where the command that comes stands. -/
def pendingJson (d : Document) : String :=
  match d.pending with
  | some p => array [toString (byteStart p.stx), toString (tailOf p.stx)]
  | none => "null"

/-- The commands of an older text that stand in a newer one with the same first bytes. The last of
them is read again: what follows it may belong to it. -/
def stillThere (input : Parser.InputContext) (same : Nat) : List Step → List Step
  | [] => []
  | step :: rest =>
    if tailOf step.stx <= same && step.clean then
      let again := readCommand input step.before step.start
      if noMessages again.log && again.stx.structEq step.stx && tailOf again.stx == tailOf step.stx then
        { step with stx := again.stx, pos := again.pos } :: rest
      else stillThere input same rest
    else stillThere input same rest

/-- The state in which a document begins: that of a file. -/
def documentState (env : Environment) : Command.State :=
  let s := Command.mkState env {} (({} : Options).set `Elab.async false)
  match s.scopes with
  | scope :: _ => { s with scopes := [{ scope with isNoncomputable := System.Platform.isEmscripten }] }
  | [] => s

def openDocument (gym : GymRef) (ref : DocumentsRef) (req : Json) : IO Outcome := do
  match getStr req "text" with
  | .error e => return .failed "request" e
  | .ok text => do
    let input := inputContext text
    let (imports, pos, log) ← parseImports text (some "<gym>")
    let head := (input.fileMap.ofPosition pos).byteIdx
    let notes ← messagesAt input.fileMap log.toList
    let failed (notes : List String) : Outcome :=
      .ok (field "document" "null" ++ field "kept" "0" ++ field "next" "null"
        ++ field "head" (toString head) ++ field "messages" (array notes))
    if !noMessages log then return failed notes
    match ← EIO.toIO' (baseEnv gym imports) with
    | .error e =>
      return failed ["{\"first\":0" ++ field "last" (toString head) ++ field "severity" (quote "error")
        ++ field "text" (quote (toString e)) ++ "}"]
    | .ok env => do
      let key := importsKey imports 0 ""
      let same := match getNat req "same" with
        | .ok n => n
        | .error _ => 0
      let old ← getDocument ref req
      let steps := match old with
        | some (_, old) =>
          if old.imports == key && old.head == head && head <= same then stillThere input same old.steps else []
        | none => []
      let (state, start) := match steps with
        | step :: _ => (step.after, step.pos)
        | [] => (documentState env, { pos := ⟨head⟩ })
      let d : Document :=
        { input, imports := key, head, state, steps, pending := some (readCommand input state start) }
      let id ← match old with
        | some (id, _) => do
          setDocument ref id (some d)
          pure id
        | none => do
          let documents ← ref.get
          ref.set { documents with all := documents.all.push (some d) }
          pure documents.all.size
      return .ok (field "document" (toString id) ++ field "kept" (toString (countSteps steps))
        ++ field "next" (pendingJson d) ++ field "head" (toString head) ++ field "messages" "[]")
where
  countSteps : List Step → Nat
    | [] => 0
    | _ :: rest => countSteps rest + 1

/-- Elaborates the next command of a document, or passes over it. -/
def stepDocument (ref : DocumentsRef) (req : Json) : IO Outcome := do
  let some (id, d) ← getDocument ref req | return .failed "unknown" "no such document"
  let some p := d.pending | return .failed "request" "the document is at its end"
  let map := d.input.fileMap
  let parsed ← messagesAt map p.log.toList
  let answer (d : Document) (notes : List String) (tainted : Bool) : IO Outcome := do
    setDocument ref id (some d)
    return .ok (field "messages" (array (append parsed notes)) ++ field "next" (pendingJson d)
      ++ field "end" (toString p.pos.pos.byteIdx) ++ field "tainted" (bool tainted)
      ++ field "holes" (array (sorries p.stx [])) ++ field "symbols" (array (symbols p.stx [])))
  if Parser.isTerminalCommand p.stx then
    let late ← if p.stx.isOfKind ``Parser.Command.import then messagesAt map [lateImport d.input p.stx]
      else pure []
    answer { d with pending := none } late false
  else
    let skip := getBool req "skip"
    let after ← if skip then pure d.state else runCommand d.input p.stx d.state
    let notes ← messagesAt map (if skip then [] else after.messages.toList)
    let trees := if skip then {} else (settled after.infoState).trees
    let state := { after with messages := {}, infoState := {} }
    let tainted := !skip && (taints p.stx || anyWorldly (newConstants d.state.env state.env))
    let step : Step :=
      { start := p.start, stx := p.stx, clean := noMessages p.log, pos := p.pos, before := d.state
        after := state, trees }
    let steps := step :: d.steps
    answer { d with state, steps, pending := some (readCommand d.input state p.pos) } notes tainted

def closeDocument (ref : DocumentsRef) (req : Json) : IO Outcome := do
  match ← getDocument ref req with
  | some (id, _) => setDocument ref id none
  | none => pure ()
  return .ok ""

/-! ### What stands at a place -/

/-- The command at a place: the last that begins before it, or the first. -/
def stepAt (at' : Nat) : List Step → Option Step
  | [] => none
  | [step] => some step
  | step :: rest => if byteStart step.stx <= at' then some step else stepAt at' rest

def atPlace (ref : DocumentsRef) (req : Json) (f : Document → Step → Nat → IO Outcome) : IO Outcome := do
  let some (_, d) ← getDocument ref req | return .failed "unknown" "no such document"
  match getNat req "at" with
  | .error e => return .failed "request" e
  | .ok at' =>
    match stepAt at' d.steps with
    | some step => f d step at'
    | none => return .ok (field "found" "null")

mutual

/-- Goes through the nodes of a tree, outer ones first. -/
partial def foldTree (f : ContextInfo → Info → α → α) (ctx? : Option ContextInfo) (acc : α) :
    InfoTree → α
  | .context partialCtx tree => foldTree f (partialCtx.mergeIntoOuter? ctx?) acc tree
  | .hole _ => acc
  | .node info children =>
    let acc := match ctx? with
      | some ctx => f ctx info acc
      | none => acc
    foldTrees f ctx? acc children

partial def foldTrees (f : ContextInfo → Info → α → α) (ctx? : Option ContextInfo) (acc : α)
    (trees : PersistentArray InfoTree) : α :=
  foldArray f ctx? (foldNode f ctx? acc trees.root) trees.tail 0

partial def foldNode (f : ContextInfo → Info → α → α) (ctx? : Option ContextInfo) (acc : α) :
    PersistentArrayNode InfoTree → α
  | .node children => foldNodes f ctx? acc children 0
  | .leaf trees => foldArray f ctx? acc trees 0

partial def foldNodes (f : ContextInfo → Info → α → α) (ctx? : Option ContextInfo) (acc : α)
    (nodes : Array (PersistentArrayNode InfoTree)) (i : Nat) : α :=
  if h : i < nodes.size then foldNodes f ctx? (foldNode f ctx? acc nodes[i]) nodes (i + 1) else acc

partial def foldArray (f : ContextInfo → Info → α → α) (ctx? : Option ContextInfo) (acc : α)
    (trees : Array InfoTree) (i : Nat) : α :=
  if h : i < trees.size then foldArray f ctx? (foldTree f ctx? acc trees[i]) trees (i + 1) else acc

end

partial def treesOf (trees : PersistentArray InfoTree) : List InfoTree :=
  ofNode trees.root (ofArray trees.tail 0 [])
where
  ofNode : PersistentArrayNode InfoTree → List InfoTree → List InfoTree
    | .node children, acc => ofNodes children 0 acc
    | .leaf trees, acc => ofArray trees 0 acc
  ofNodes (nodes : Array (PersistentArrayNode InfoTree)) (i : Nat) (acc : List InfoTree) : List InfoTree :=
    if h : i < nodes.size then ofNode nodes[i] (ofNodes nodes (i + 1) acc) else acc
  ofArray (trees : Array InfoTree) (i : Nat) (acc : List InfoTree) : List InfoTree :=
    if h : i < trees.size then trees[i] :: ofArray trees (i + 1) acc else acc

/-- Runs `x` in the context of a node. -/
def inNode (ctx : ContextInfo) (lctx : LocalContext) (x : MetaM α) : EIO Exception α := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef ({ env := ctx.env, ngen := ctx.ngen } : Core.State)
  let meta' ← ST.mkRef ({ mctx := ctx.mctx } : Meta.State)
  let instances : LocalInstances ← findInstances lctx.getFVars 0 #[] { lctx } meta'
    (coreContext ctx.options ctx.currNamespace ctx.openDecls 200000 start) core
  x { lctx, localInstances := instances } meta'
    (coreContext ctx.options ctx.currNamespace ctx.openDecls 200000 start) core

/-- What is found at a place: null where Lean cannot tell. -/
def foundJson (x : EIO Exception String) : IO Outcome := do
  match ← EIO.toIO' x with
  | .ok found => return .ok (field "found" found)
  | .error _ => return .ok (field "found" "null")

def goalsOf : List GoalsAtResult → EIO Exception (List String)
  | [] => pure []
  | r :: rest => do
    let i := r.tacticInfo
    let ctx := { r.ctxInfo with mctx := if r.useAfter then i.mctxAfter else i.mctxBefore }
    let (_, one) ← inNode ctx {} (goalsJson (if r.useAfter then i.goalsAfter else i.goalsBefore))
    return append one (← goalsOf rest)

/-- The goals at a place as Lean's own server gives them. -/
def documentGoals (ref : DocumentsRef) (req : Json) : IO Outcome :=
  atPlace ref req fun d step at' => do
    match found d.input.fileMap at' (treesOf step.trees) with
    | [] => return .ok (field "found" "null")
    | results => foundJson (do return array (← goalsOf results))
where
  found (map : FileMap) (at' : Nat) : List InfoTree → List GoalsAtResult
    | [] => []
    | t :: ts => append (t.goalsAt? map ⟨at'⟩) (found map at' ts)

/-- The goal of the term at a place. -/
def documentTermGoal (ref : DocumentsRef) (req : Json) : IO Outcome :=
  atPlace ref req fun _ step at' => do
    match found at' (treesOf step.trees) with
    | some (i, ctx, info) =>
      let lctx := if info.isBinder then info.lctx.pop else info.lctx
      foundJson do
       let (_, goal) ← inNode ctx lctx do
        let type ← match info.expectedType? with
          | some type => pure type
          | none => inferType info.expr
        let g ← mkFreshExprMVar (← instantiateMVars type)
        goalJson g.mvarId!
       return array [goal, toString (byteStart i.stx), toString (tailOf i.stx)]
    | none => return .ok (field "found" "null")
where
  found (at' : Nat) : List InfoTree → Option (Info × ContextInfo × TermInfo)
    | [] => none
    | t :: ts =>
      match t.termGoalAt? ⟨at'⟩ with
      | some r =>
        match r.info with
        | .ofTermInfo i => some (r.info, r.ctx, i)
        | _ => found at' ts
      | none => found at' ts

/-! ### Hover, definitions, names -/

/-- A node with the part of the text that it is about. -/
structure Place where
  ctx : ContextInfo
  info : Info
  first : Nat
  last : Nat

def isWritten (stx : Syntax) : Bool :=
  match stx.getHeadInfo with
  | .original .. => true
  | .synthetic _ _ canonical => canonical
  | .none => false

def placeOf (ctx : ContextInfo) (info : Info) : Option Place :=
  let stx := info.stx
  if !isWritten stx || stx.isOfKind nullKind then none
  else match stx.getPos?, stx.getTailPos? with
    | some first, some last => some { ctx, info, first := first.byteIdx, last := last.byteIdx }
    | _, _ => none

/-- Whether one node tells more about a place than another: it ends behind it, is shorter, or is a
variable where a macro has put two terms at one place. -/
def Place.better (at' : Nat) (p q : Place) : Bool :=
  if (p.last == at') != (q.last == at') then q.last == at'
  else if p.last - p.first != q.last - q.first then p.last - p.first < q.last - q.first
  else isVariable p && !isVariable q
where
  isVariable (p : Place) : Bool :=
    match p.info with
    | .ofTermInfo i => i.expr.isFVar
    | _ => false

/-- The innermost node at a place that is one to ask. -/
def innermost (fit : Info → Bool) (at' : Nat) (trees : PersistentArray InfoTree) : Option Place :=
  foldTrees (fun ctx info best =>
    match placeOf ctx info with
    | some p =>
      if p.first <= at' && at' <= p.last && fit info then
        match best with
        | some q => if p.better at' q then some p else best
        | none => some p
      else best
    | none => best) none none trees

def says (info : Info) : Bool :=
  match info with
  | .ofTermInfo i => i.elaborator != `Lean.Elab.Term.elabApp || i.expr.isConst || i.expr.isFVar
  | .ofFieldInfo _ => true
  | .ofOptionInfo _ => true
  | .ofTacticInfo i =>
    !(i.elaborator == `Lean.Elab.Tactic.evalTacticSeq || i.elaborator == `Lean.Elab.Tactic.evalTacticSeq1Indented
      || i.elaborator == `Lean.Elab.Tactic.evalSepTactics)
  | _ => false

/-- The syntax whose own word, no part of it, stands at a place. -/
partial def ownerOf (at' : Nat) (stx : Syntax) : Option Syntax :=
  match stx with
  | .node _ _ args => go stx args 0
  | _ => none
where
  go (stx : Syntax) (args : Array Syntax) (i : Nat) : Option Syntax :=
    if h : i < args.size then
      if byteStart args[i] <= at' && at' < tailOf args[i] then
        match args[i] with
        | .atom .. => some stx
        | child => ownerOf at' child
      else go stx args (i + 1)
    else none

def documentHover (ref : DocumentsRef) (req : Json) : IO Outcome :=
  atPlace ref req fun _ step at' => do
    let text ← match innermost says at' step.trees with
      | some p => do
        match ← EIO.toIO' (p.info.fmtHover? p.ctx) with
        | .ok (some f) => pure (some (p.first, p.last, f.fmt.pretty))
        | _ => pure none
      | none => pure none
    match text with
    | some (first, last, text) =>
      return .ok (field "found" (array [quote text, toString first, toString last]))
    | none =>
      match ownerOf at' step.stx with
      | some stx =>
        match ← findDocString? step.after.env stx.getKind with
        | some doc =>
          return .ok (field "found" (array [quote doc, toString (byteStart stx), toString (tailOf stx)]))
        | none => return .ok (field "found" "null")
      | none => return .ok (field "found" "null")

/-- Names of one variable that Lean has given more than one. -/
def aliases (trees : PersistentArray InfoTree) : List (FVarId × FVarId) :=
  foldTrees (fun _ info acc =>
    match info with
    | .ofFVarAliasInfo i => (i.id, i.baseId) :: acc
    | _ => acc) none [] trees

def firstName (id : FVarId) : List (FVarId × FVarId) → FVarId
  | [] => id
  | (a, b) :: rest => if a == id then b else firstName id rest

/-- Where what satisfies `fit` is bound. -/
def binder (fit : Expr → Bool) (trees : PersistentArray InfoTree) : Option (Nat × Nat) :=
  foldTrees (fun ctx info best =>
    match best, info with
    | none, .ofTermInfo i =>
      if i.isBinder && fit i.expr then
        match placeOf ctx info with
        | some p => some (p.first, p.last)
        | none => none
      else none
    | best, _ => best) none none trees

/-- The command that made a constant. -/
def makerOf (n : Name) : List Step → Option Step
  | [] => none
  | step :: rest =>
    if step.after.env.contains n && !step.before.env.contains n then some step else makerOf n rest

def constantPlace (n : Name) (steps : List Step) : Option (Nat × Nat) :=
  match makerOf n steps with
  | none => none
  | some step =>
    match binder (fun e => e.isConstOf n) step.trees with
    | some place => some place
    | none =>
      match step.stx.find? (·.isOfKind ``Parser.Command.declId) with
      | some id => some (byteStart id, tailOf id)
      | none => some (byteStart step.stx, tailOf step.stx)

def pairJson : Option (Nat × Nat) → String
  | some (first, last) => array [toString first, toString last]
  | none => "null"

/-- Where in the text what stands at a place is bound or declared. -/
def documentDefinition (ref : DocumentsRef) (req : Json) : IO Outcome :=
  atPlace ref req fun d step at' => do
    let found := match innermost hasTarget at' step.trees with
      | some p =>
        match p.info with
        | .ofTermInfo i =>
          match i.expr.consumeMData.getAppFn with
          | .const n _ => constantPlace n d.steps
          | .fvar id =>
            let names := aliases step.trees
            let base := firstName id names
            binder (fun e => match e with
              | .fvar other => other == id || firstName other names == base
              | _ => false) step.trees
          | _ => none
        | .ofFieldInfo i => constantPlace i.projName d.steps
        | _ => none
      | none => none
    return .ok (field "found" (pairJson found))
where
  hasTarget : Info → Bool
    | .ofTermInfo i =>
      match i.expr.consumeMData.getAppFn with
      | .const .. => true
      | .fvar _ => true
      | _ => false
    | .ofFieldInfo _ => true
    | _ => false

/-! ### Completion -/

/-- A local context at a place: of the innermost term, or of the first goal. -/
def contextAt (at' : Nat) (trees : PersistentArray InfoTree) : Option (ContextInfo × LocalContext) :=
  match innermost hasContext at' trees with
  | some p =>
    match p.info with
    | .ofTacticInfo i =>
      match i.goalsBefore with
      | g :: _ =>
        match i.mctxBefore.findDecl? g with
        | some decl => some ({ p.ctx with mctx := i.mctxBefore }, decl.lctx)
        | none => none
      | [] => none
    | info => some (p.ctx, info.lctx)
  | none => none
where
  hasContext : Info → Bool
    | .ofTermInfo _ => true
    | .ofPartialTermInfo _ => true
    | .ofCompletionInfo (.dot ..) => true
    | .ofCompletionInfo (.id ..) => true
    | .ofCompletionInfo (.dotId ..) => true
    | .ofTacticInfo i =>
      match i.goalsBefore with
      | [] => false
      | _ => true
    | _ => false

def hypothesisRows : List LocalDecl → MetaM (List String)
  | [] => pure []
  | d :: ds => do
    let rest ← hypothesisRows ds
    if d.userName.hasMacroScopes then return rest
    let type := (← Meta.ppExpr (← instantiateMVars d.type)).pretty
    return array [quote d.userName.toString, quote type] :: rest

/-- Namespaces in which a term of a type has its functions: those of the constants at the heads of
the type and of what it unfolds to. -/
partial def headsOf (fuel : Nat) (type : Expr) : MetaM (List String) := do
  let type ← instantiateMVars type
  match type.consumeMData.getAppFn with
  | .const n _ => do
    if fuel == 0 then return [quote n.toString]
    match ← unfoldDefinition? type with
    | some type => return quote n.toString :: (← headsOf (fuel - 1) type)
    | none => return [quote n.toString]
  | .forallE .. => return [quote "Function"]
  | _ => return []

/-- The term that ends at a place. -/
def termBefore (dot : Nat) (trees : PersistentArray InfoTree) : Option (ContextInfo × TermInfo) :=
  foldTrees (fun ctx info best =>
    let i? : Option TermInfo := match info with
      | .ofTermInfo i => some i
      | .ofCompletionInfo (.dot i _) => some i
      | _ => none
    match i? with
    | some i =>
      if tailOf i.stx == dot && isWritten i.stx then
        match best with
        | some (_, j) => if byteStart i.stx <= byteStart j.stx then some (ctx, i) else best
        | none => some (ctx, i)
      else best
    | none => best) none none trees

def opensJson : List OpenDecl → List String
  | [] => []
  | .simple ns _ :: rest => array [quote ns.toString] :: opensJson rest
  | .explicit id n :: rest => array [quote id.toString, quote n.toString] :: opensJson rest

def nameTexts : List ConstantInfo → List String
  | [] => []
  | c :: cs =>
    let rest := nameTexts cs
    if c.name.isInternalDetail then rest else quote c.name.toString :: rest

/-- The type that is expected where a `.name` stands. -/
def expectedAt (at' : Nat) (trees : PersistentArray InfoTree) : Option (ContextInfo × LocalContext × Expr) :=
  foldTrees (fun ctx info best =>
    match info with
    | .ofCompletionInfo (.dotId stx _ lctx (some type)) =>
      if byteStart stx <= at' && at' <= tailOf stx then some (ctx, lctx, type) else best
    | _ => best) none none trees

/-- What names can mean at a place: `variable` is what stands before a dot there. -/
def documentScope (ref : DocumentsRef) (req : Json) : IO Outcome := do
  let some (_, d) ← getDocument ref req | return .failed "unknown" "no such document"
  match getNat req "at" with
  | .error e => return .failed "request" e
  | .ok at' => do
    let step := stepAt at' d.steps
    let state := match step with
      | some step => step.before
      | none => d.state
    let trees := match step with
      | some step => step.trees
      | none => {}
    let own := match d.steps with
      | step :: _ => newConstants (oldest step.before d.steps).env state.env
      | [] => []
    let around := contextAt at' trees
    let hypotheses ← match around with
      | some (ctx, lctx) =>
        match ← EIO.toIO' (inNode ctx lctx (hypothesisRows (localDecls lctx lctx.getFVars 0))) with
        | .ok rows => pure rows
        | .error _ => pure []
      | none => pure []
    let heads ← headsAt at' trees around
    let (space, opens) := match around with
      | some (ctx, _) => (ctx.currNamespace, ctx.openDecls)
      | none => (currentNamespace state, currentOpens state)
    return .ok (field "found" ("{\"namespace\":" ++ quote space.toString
      ++ field "opens" (array (opensJson opens)) ++ field "imports" (quote d.imports)
      ++ field "own" (array (nameTexts own)) ++ field "hypotheses" (array hypotheses)
      ++ field "heads" (array heads) ++ "}"))
where
  oldest (s : Command.State) : List Step → Command.State
    | [] => s
    | step :: rest => oldest step.before rest
  typeHeads (ctx : ContextInfo) (lctx : LocalContext) (type : Expr) : IO (List String) := do
    match ← EIO.toIO' (inNode ctx lctx (headsOf 4 type)) with
    | .ok heads => return heads
    | .error _ => return []
  termHeads (ctx : ContextInfo) (lctx : LocalContext) (e : Expr) : IO (List String) := do
    match ← EIO.toIO' (inNode ctx lctx (do headsOf 4 (← inferType e))) with
    | .ok heads => return heads
    | .error _ => return []
  headsAt (at' : Nat) (trees : PersistentArray InfoTree) (around : Option (ContextInfo × LocalContext)) :
      IO (List String) := do
    match getNat req "dot" with
    | .error _ => return []
    | .ok dot =>
      match termBefore dot trees with
      | some (ctx, i) => termHeads ctx i.lctx i.expr
      | none =>
        match expectedAt at' trees with
        | some (ctx, lctx, type) => typeHeads ctx lctx (resultType type)
        | none =>
          match getStr req "variable", around with
          | .ok name, some (ctx, lctx) =>
            match lctx.findFromUserName? name.toName with
            | some decl => typeHeads ctx lctx decl.type
            | none => return []
          | _, _ => return []
  resultType : Expr → Expr
    | .forallE _ _ b _ => resultType b
    | e => e

partial def namesIn (names : Array Name) (i : Nat) (acc : String) : String :=
  if h : i < names.size then
    if names[i].isInternalDetail || isPrivateName names[i] then namesIn names (i + 1) acc
    else namesIn names (i + 1) (acc ++ names[i].toString ++ "\n")
  else acc

partial def namesOfModules (modules : Array ModuleData) (i : Nat) (acc : String) : String :=
  if h : i < modules.size then namesOfModules modules (i + 1) (namesIn modules[i].constNames 0 acc)
  else acc

/-- The names that a document imports. -/
def documentNames (gym : GymRef) (ref : DocumentsRef) (req : Json) : IO Outcome := do
  let some (_, d) ← getDocument ref req | return .failed "unknown" "no such document"
  match findBase d.imports (← gym.get).bases with
  | some env => return .ok (field "found" (quote (namesOfModules env.header.moduleData 0 "")))
  | none => return .ok (field "found" "null")

/-- Kinds of some constants, with types and docstrings for the first. -/
def describeNames (env : Environment) (most : Nat) : List Name → MetaM (List String)
  | [] => pure []
  | n :: ns => do
    let one ← match env.find? n with
      | none => pure "null"
      | some info =>
        let kind := if constantKind info == "axiom" && !isAxiom env n then "theorem" else constantKind info
        if most == 0 then pure (array [quote kind, quote "", quote ""])
        else do
          let type ← try pure (← Meta.ppExpr info.type).pretty catch _ => pure ""
          let doc ← findDocString? env n
          pure (array [quote kind, quote type, quote (doc.getD "")])
    return one :: (← describeNames env (most - 1) ns)

def documentDescribe (ref : DocumentsRef) (req : Json) : IO Outcome := do
  let some (_, d) ← getDocument ref req | return .failed "unknown" "no such document"
  match getNat req "at", getNat req "most" with
  | .ok at', .ok most =>
    let s := match stepAt at' d.steps with
      | some step => step.before
      | none => d.state
    let ctx : ContextInfo :=
      { env := s.env, fileMap := default, ngen := {}, options := currentOptions s
        currNamespace := currentNamespace s, openDecls := currentOpens s, parentDecl? := none }
    foundJson (do return array (← inNode ctx {} (describeNames s.env most (getNames req "names"))))
  | _, _ => return .failed "request" "a place"

/-! ## The loop -/

def answer (ref : GymRef) (documents : DocumentsRef) (req : Json) (start : Nat) : IO Outcome := do
  match getStr req "cmd" with
  | .ok "run" => run ref req start
  | .ok "steps" => scriptSteps ref req
  | .ok "refute" => refute ref req start
  | .ok "evaluate" => evaluate ref req
  | .ok "open" => openHeader ref req
  | .ok "elab" => elaborate ref req
  | .ok "imports" => imports req
  | .ok "tables" => tables
  | .ok "export" => export' ref req
  | .ok "context" => context ref req
  | .ok "document" => openDocument ref documents req
  | .ok "step" => stepDocument documents req
  | .ok "close" => closeDocument documents req
  | .ok "goals" => documentGoals documents req
  | .ok "term_goal" => documentTermGoal documents req
  | .ok "hover" => documentHover documents req
  | .ok "definition" => documentDefinition documents req
  | .ok "scope" => documentScope documents req
  | .ok "names" => documentNames ref documents req
  | .ok "describe" => documentDescribe documents req
  | .ok "library" => library ref req
  | .ok "premises" => premises ref req
  | .ok "free" => do
    let gym ← ref.get
    ref.set { gym with states := freeStates gym.states (getNats req "states"),
                       envs := freeEnvs gym.envs (getNats req "envs") }
    return .ok ""
  | .ok other => return .failed "request" ("no command " ++ other)
  | .error e => return .failed "request" e

/-- A stream that forgets: what model text prints goes here. -/
def nowhere : IO.FS.Stream where
  flush := pure ()
  read := fun _ => pure ByteArray.empty
  write := fun _ => pure ()
  getLine := pure ""
  putStr := fun _ => pure ()
  isTty := pure false

def serve (ref : GymRef) (documents : DocumentsRef) (word line : String) (out : IO.FS.Stream) : IO Bool := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let t0 ← IO.monoNanosNow
  match Json.parse line with
  | .error e => do
    out.putStr (word ++ " {\"id\":-1,\"ok\":false,\"kind\":\"request\",\"message\":" ++ quote e ++ "}\n")
    out.flush
    return true
  | .ok req =>
    let id := match getNat req "id" with
      | .ok n => toString n
      | .error _ => "-1"
    match getStr req "cmd" with
    | .ok "stop" => return false
    | _ => do
      let outcome ← match ← EIO.toIO' (answer ref documents req start) with
        | .ok o => pure o
        | .error e => pure (.failed "crash" (toString e))
      let stop ← (IO.getNumHeartbeats : BaseIO Nat)
      let t1 ← IO.monoNanosNow
      let spent := field "heartbeats" (toString ((stop - start) / 1000)) ++ field "us" (toString ((t1 - t0) / 1000))
      let body := match outcome with
        | .ok fields => field "ok" "true" ++ spent ++ fields
        | .failed kind message =>
          field "ok" "false" ++ spent ++ field "kind" (quote kind) ++ field "message" (quote message)
      out.putStr (word ++ " {\"id\":" ++ id ++ body ++ "}\n")
      out.flush
      return true

partial def loop (ref : GymRef) (documents : DocumentsRef) (word : String) (input out : IO.FS.Stream) : IO Unit := do
  let line ← input.getLine
  if line == "" then return ()
  if ← serve ref documents word line out then loop ref documents word input out else return ()

def start (ref : GymRef) : IO Unit := do
  let input ← IO.getStdin
  let word ← match (← input.getLine).splitOn "\n" with
    | word :: _ => pure word
    | [] => pure ""
  if word == "" then return ()
  let out ← IO.getStdout
  let _ ← IO.setStdout nowhere
  let _ ← IO.setStderr nowhere
  let documents ← ST.mkRef ({} : Documents)
  out.putStr (word ++ " {\"id\":0,\"ok\":true,\"version\":" ++ quote Lean.versionString ++ "}\n")
  out.flush
  loop ref documents word input out

end Gym

--#if lean >= 4.22
public
--#endif
def main : IO UInt32 := do
  initSearchPath (← findSysroot)
  Gym.start (← ST.mkRef {})
  return 0

--#if embedded
/-- What an image of the memory holds: the program, and what a text without imports sees, or one that
imports `Lean`. The modules of `init` have been read for it, and those that this program imports. -/
public
def prepared (init own : ImportState) : IO (IO Unit) := do
  initSearchPath (← findSysroot)
  let some' (imports : Array Import) (read : ImportState) : IO (String × Environment) := do
    return (Gym.importsKey imports 0 "", ← Gym.importFrom read imports)
  let base ← some' #[{ module := `Init }] init
  let lean ← some' #[{ module := `Init }, { module := `Lean }] own
  return Gym.start (← ST.mkRef { bases := [base, lean], init := some init })
--#endif
