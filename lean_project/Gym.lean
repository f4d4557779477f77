import Lean.Elab.Frontend
import Lean.Elab.Tactic.Basic

/-!
# The gym

A process that holds tactic states and runs tactics on them. It reads a word, then one JSON object
a line from standard input and answers each with one line on standard output, which starts with
that word (model text does not know it and so cannot forge an answer).

| command | fields | answer |
| --- | --- | --- |
| `open`  | `header` | `env`, `messages` |
| `elab`  | `env`, `text` | `env` after the text, `commands`, `tainted`, `decls`, `holes`, `messages` |
| `run`   | `state`, `tactic`, `heartbeats`, `whole`, `allowed` | `states`, `order`, `kept`, `messages` |
| `export` | `env`, `name` | `decls`: the declaration with all it rests on that is not imported |
| `replay` | `env`, `name`, `trusted`, `decls`, `allowed` | `same_type`, `axioms`, `forbidden`, `kernel`, … of what `export` gave, checked on top of `env` |
| `imports` | `text` | `end`: the byte where the text's imports end |
| `free`  | `states`, `envs` | |
| `stop`  | | |

`run` shows a tactic only the first goal of its state and splits what is left into groups that share
no metavariable; with `whole` it shows and keeps all goals together. A proof that closes its goals is
checked by the kernel, with all that it has declared; the verdict is that of another process, which
gets the declarations by `export` and `replay` and never runs what it judges.

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

/-- An environment after a header or a text, with the scopes that are open at its end. -/
structure Env where
  command : Command.State

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

/-- What the print of a goal does not tell of a hypothesis: whether it is a proof, and whether it
has a value. -/
def hypothesisJson (d : LocalDecl) : MetaM String := do
  let prop ← try Meta.isProp d.type catch _ => pure false
  return array [bool prop, bool d.isLet]

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
  let key ← goalKey (← closedGoal g) pp
  let hyps ← hypothesesJson (localDecls d.lctx d.lctx.getFVars 0)
  let case := if d.userName.isAnonymous then "null" else quote d.userName.eraseMacroScopes.toString
  return (key, "{\"pp\":" ++ quote pp ++ field "hyps" (array hyps) ++ field "case" case ++ "}")

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
    return { severity, line := m.pos.line, column := m.pos.column, text } :: rest

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
  fault : Option String := none

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
      let unfit (what : String) : Closure := { acc with fault := some (n.toString ++ what) }
      let acc := match env.find? n with
        | none => unfit " is not there"
        | some (.axiomInfo v) =>
          if v.isUnsafe then unfit " is unsafe"
          else
            let acc := closure env known acc (usedBy v.type [])
            { acc with decls := .axiomDecl v :: acc.decls }
        | some (.thmInfo v) =>
          let acc := closure env known acc (usedBy v.type (usedBy v.value []))
          { acc with decls := .thmDecl v :: acc.decls }
        | some (.opaqueInfo v) =>
          if v.isUnsafe then unfit " is unsafe"
          else
            let acc := closure env known acc (usedBy v.type (usedBy v.value []))
            { acc with decls := .opaqueDecl v :: acc.decls }
        | some (.defnInfo v) =>
          match v.safety with
          | .safe =>
            let acc := closure env known acc (usedBy v.type (usedBy v.value []))
            { acc with decls := .defnDecl v :: acc.decls }
          | _ => unfit " is unsafe"
        | some (.inductInfo v) =>
          if v.isUnsafe then unfit " is unsafe"
          else
            let acc := { acc with seen := insertAll acc.seen v.all }
            let types := typesOf env v.all
            let acc := closure env known acc (usedByTypes types [])
            { acc with decls := .inductDecl v.levelParams v.numParams types false :: acc.decls }
        | some (.ctorInfo v) => closure env known acc [v.induct]
        | some (.recInfo v) => closure env known acc v.all
        | some (.quotInfo _) => unfit " is a quotient primitive of another library"
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

/-- Adds what a tactic has declared and its proof uses to the environment before it, all of it
checked by the kernel and without a forbidden axiom; or why that fails. -/
def addUsed (before after : Environment) (allowed used : List Name) :
    BaseIO (Except String Environment) := do
  let new := closure after (fun n => before.contains n) {} used
  match new.fault, without allowed (axiomsAmong after (usedByDecls new.decls used)) with
  | some what, _ => return .error ("rests on something that does not count: " ++ what)
  | none, n :: _ => return .error ("rests on the axiom " ++ n.toString)
  | none, [] => kernelAddAll before (inOrder new.decls [])

/-! ## Running a tactic -/

/-- Parses a tactic sequence. -/
def parseTactics (env : Environment) (text : String) : Except String Syntax :=
  Parser.runParserCategory env `tactic ("(\n" ++ text ++ "\n)") "<tactic>"

def namesSorry (stx : Syntax) : Bool :=
  let found := stx.find? fun s =>
    s.isOfKind ``Parser.Term.sorry || s.isOfKind ``Parser.Tactic.tacticSorry
      || s.isOfKind ``Parser.Tactic.tacticAdmit
  match found with
  | some _ => true
  | none => false

/-- What in a proof would run a program of its own or read a file. -/
def runsCode (stx : Syntax) : Option String :=
  let found := stx.find? fun s =>
    let kind := s.getKind
    kind == `Lean.Parser.Tactic.runTac || kind == `Lean.byElab || kind == `Lean.includeStr
      || kind == `Lean.Parser.Term.unsafe
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

/-- Why the proofs of some goals do not count, as far as they go. -/
def fault (rules : Rules) (complete : Bool) : List MVarId → MetaM (Option String)
  | [] => pure none
  | g :: gs => do
    let proof ← instantiateMVars (mkMVar g)
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

/-- After a tactic on the goals `visible` with the goals `hidden`: the groups of goals that are
left, or why the tactic does not count. Of the hidden goals, those still open are given by index. -/
def afterTactic (rules : Rules) (visible new hidden : List MVarId) :
    MetaM (Except String (List Group × List String)) := do
  let kept ← unassigned hidden 1
  let goals := append new (groupMembers kept)
  let complete := match goals with
    | [] => true
    | _ => false
  if let some why ← fault rules complete visible then return .error why
  match goals with
  | [] => return .ok ([], [])
  | goals => return .ok (← groupGoals goals 0 [], indices kept)

/-! ## The table of states and environments -/

structure Gym where
  states : Array (Option State) := #[]
  envs : Array (Option Env) := #[]
  /-- Environments by the imports they hold: importing again would cost the memory again. -/
  bases : List (String × Environment) := []

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
  match getNat req "state", getStr req "tactic", getNat req "heartbeats" with
  | .ok id, .ok text, .ok heartbeats => do
    let some s ← getState ref id | return .failed "unknown" ("no state " ++ toString id)
    match s.goals with
    | [] => return .failed "unknown" "the state has no goals"
    | g :: rest =>
      match parseTactics s.core.env text with
      | .error e => return .failed "parse" e
      | .ok stx =>
        if namesSorry stx then return .failed "sorry" "the tactic names sorry"
        if let some what := runsCode stx then
          return .failed "forbidden" (what ++ " runs a program: a proof may not")
        let rules : Rules := { before := s.core.env, allowed := getNames req "allowed", self := s.self }
        let whole := getBool req "whole"
        let (visible, hidden) := if whole then (s.goals, []) else ([g], rest)
        match ← evalOn s visible stx heartbeats start with
        | .error (e, log) => do
          let notes ← readMessages log.toList
          match e with
          | .internal .. => return .failed "tactic" (firstError notes)
          | e => failure e
        | .ok new =>
          let notes ← readMessages new.core.messages.toList
          if hasError notes then return .failed "tactic" (firstError notes)
          match ← EIO.toIO' (new.query (afterTactic rules visible new.goals hidden)) with
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
  | .error e, _, _ | _, .error e, _ | _, _, .error e => return .failed "request" e

/-! ## Headers and texts -/

def inputContext (text : String) : Parser.InputContext :=
--#if lean >= 4.28
  { inputString := text, fileName := "<gym>", fileMap := text.toFileMap,
    endPos := text.rawEndPos, endPos_valid := by simp }
--#else
--  Parser.mkInputContext text "<gym>"
--#endif

/-- A hole that a text leaves: where it stands and the state to prove there. -/
structure Hole where
  first : Nat
  last : Nat
  tactic : Bool
  state : State

/-- A declaration of a text: its name and kind, where it stands, and where its body begins. -/
structure Decl where
  name : Name
  kind : String
  first : Nat
  last : Nat
  body : Nat
  bodyEnd : Nat
  runs : Option String

def byteStart (stx : Syntax) : Nat :=
  match stx.getPos? with
  | some p => p.byteIdx
  | none => 0

def byteEnd (stx : Syntax) : Nat :=
  match stx.getTailPos? with
  | some p => p.byteIdx
  | none => 0

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
declaration itself has made (a `match` in a statement). -/
def holeState (ctx : ContextInfo) (before : Environment) (self : Name) (mctx : MetavarContext)
    (goal : MetaM MVarId) : EIO Exception State := do
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
  let core ← core.get
  let s := { s with meta' := (← meta'.get), goals := [g] }
  if ctx.env.contains self then
    if allIn before closed.getUsedConstants 0 then
      return { s with core := { core with env := before } }
    return { s with core, self }
  return { s with core }

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
  self : Name
  ref : IO.Ref (List Hole)

def addHole (s : Search) (ctx : ContextInfo) (stx : Syntax) (tactic : Bool)
    (mctx : MetavarContext) (goal : MetaM MVarId) : IO Unit := do
  match ← EIO.toIO' (holeState ctx s.before s.self mctx goal) with
  | .ok state => s.ref.modify fun holes =>
      { first := byteStart stx, last := byteEnd stx, tactic, state } :: holes
  | .error _ => pure ()

mutual

partial def holesOf (s : Search) (ctx? : Option ContextInfo) : InfoTree → IO Unit
  | .context partialCtx tree => holesOf s (partialCtx.mergeIntoOuter? ctx?) tree
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

def isBody (stx : Syntax) : Bool :=
  stx.isOfKind ``Parser.Command.declValSimple || stx.isOfKind ``Parser.Command.declValEqns
    || stx.isOfKind ``Parser.Command.whereStructInst

def nameOf (currNamespace : Name) (stx : Syntax) : Name :=
  match stx.find? (·.isOfKind ``Parser.Command.declId) with
  | some id =>
    let short := id[0].getId
    if (`_root_).isPrefixOf short then short.replacePrefix `_root_ .anonymous
    else currNamespace ++ short
  | none => .anonymous

/-- The declaration that a command makes, if it makes one with a body. -/
def declOf (currNamespace : Name) (stx : Syntax) : Option Decl :=
  if stx.isOfKind ``Parser.Command.mutual then none
  else
    match stx.find? (·.isOfKind ``Parser.Command.declaration), stx.find? isBody with
    | some decl, some body => some
        { name := nameOf currNamespace decl, kind := decl[1].getKind.toString,
          first := byteStart decl, last := byteEnd decl,
          body := byteStart body, bodyEnd := byteEnd body, runs := runsCode body }
    | _, _ => none

/-- The name under which an environment has a declaration, which may be private. -/
def nameIn (env : Environment) (name : Name) : Name :=
  if env.contains name then name else mkPrivateName env name

/-- Commands that leave nothing behind in the process, whatever they say. -/
def harmlessCommands : List Name :=
  [``Parser.Command.declaration, ``Parser.Command.mutual, ``Parser.Command.namespace,
   ``Parser.Command.section, ``Parser.Command.end, ``Parser.Command.open, ``Parser.Command.export,
   ``Parser.Command.variable, ``Parser.Command.universe, ``Parser.Command.set_option,
   ``Parser.Command.check, ``Parser.Command.print, ``Parser.Command.moduleDoc,
   ``Parser.Command.include, ``Parser.Command.omit, `lemma]

/-- Attributes can name code that Lean is to run, `unsafe` code can do anything, and what is
elaborated in the background may go on. -/
def harmful (stx : Syntax) : Bool :=
  let found := stx.find? fun s =>
    let kind := s.getKind
    kind == ``Parser.Term.attributes || kind == ``Parser.Command.unsafe
      || (kind == ``Parser.Command.set_option && s[1].getId.getRoot == `Elab)
  match runsCode stx, found with
  | none, none => false
  | _, _ => true

/-- Whether a command may have changed the process for those that come after it: one that runs
programs of its own may. -/
partial def taints (stx : Syntax) : Bool :=
  if stx.isOfKind ``Parser.Command.in then taints stx[0] || taints stx[2]
  else !memName stx.getKind harmlessCommands || harmful stx

/-- What elaborating a text gives. -/
structure Elaborated where
  command : Command.State
  /-- How many commands the text has. -/
  commands : Nat := 0
  tainted : Bool := false
  decls : List Decl := []
  holes : List Hole := []
  messages : List Message := []

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

def elabCommand (ictx : Parser.InputContext) (stx : Syntax) (s : Command.State) :
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

/-- Elaborates the commands of a text, one after the other. -/
partial def elabCommands (ictx : Parser.InputContext) (pos : Parser.ModuleParserState)
    (acc : Elaborated) : IO Elaborated := do
  let s := acc.command
  let pmctx : Parser.ParserModuleContext :=
    { env := s.env, options := currentOptions s, currNamespace := currentNamespace s,
      openDecls := currentOpens s }
  let (stx, pos, log) := Parser.parseCommand ictx pmctx pos {}
  let parsed := append acc.messages log.toList
  if Parser.isTerminalCommand stx then
    let commands := if stx.isOfKind ``Parser.Command.eoi then acc.commands else acc.commands + 1
    return { acc with messages := parsed, commands }
  let after ← elabCommand ictx stx s
  let messages := append parsed after.messages.toList
  let decl := declOf (currentNamespace s) stx
  let self := match decl with
    | some d => nameIn after.env d.name
    | none => .anonymous
  let ref ← ST.mkRef ([] : List Hole)
  let info := after.infoState.substituteLazy.get
  let search : Search := { before := s.env, self, ref }
  holesOfNode search none info.trees.root
  holesOfArray search none info.trees.tail 0
  let found ← ref.get
  let decls := match decl with
    | some d => append acc.decls [d]
    | none => acc.decls
  elabCommands ictx pos
    { command := { after with messages := {}, infoState := {} }, commands := acc.commands + 1,
      tainted := acc.tainted || taints stx, decls, messages, holes := append acc.holes found }

def withText (text : String) (s : Command.State) : IO Elaborated :=
  elabCommands (inputContext text) {} { command := s }

/-- Options of every environment: one thread, no linters. The embedded Lean comes without the code
of its library, so definitions over it cannot be compiled, only elaborated. -/
def setUp : String :=
  "set_option Elab.async false\nset_option linter.all false\n"
    ++ (if System.Platform.isEmscripten then "noncomputable section\n" else "")

def importsKey (imports : Array Import) (i : Nat) (acc : String) : String :=
  if h : i < imports.size then
    importsKey imports (i + 1) (acc ++ imports[i].module.toString ++ " ")
  else acc
termination_by imports.size - i

def findBase (key : String) : List (String × Environment) → Option Environment
  | [] => none
  | (k, env) :: rest => if k == key then some env else findBase key rest

def baseEnv (ref : GymRef) (imports : Array Import) : IO Environment := do
  let key := importsKey imports 0 ""
  let gym ← ref.get
  match findBase key gym.bases with
  | some env => return env
  | none => do
    let env ← importModules imports {} (trustLevel := 0) (loadExts := true)
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
      let start ← withText setUp (Command.mkState env {} {})
      let ictx := inputContext header
      let done ← elabCommands ictx { pos := ictx.fileMap.ofPosition pos } { command := start.command }
      let notes ← readMessages done.messages
      if hasError notes then return .failed "elaboration" (firstError notes)
      let id ← addEnv ref { command := done.command }
      return .ok (field "env" (toString id) ++ field "messages" (array (notesJson notes)))

def declsJson : List Decl → List String
  | [] => []
  | d :: ds => ("{\"name\":" ++ quote d.name.toString ++ field "kind" (quote d.kind)
      ++ field "first" (toString d.first) ++ field "last" (toString d.last)
      ++ field "body" (toString d.body) ++ field "body_end" (toString d.bodyEnd)
      ++ field "runs" (match d.runs with
        | some what => quote what
        | none => "null") ++ "}")
      :: declsJson ds

def holesJson (ref : GymRef) : List Hole → EIO Exception (List String)
  | [] => pure []
  | h :: hs => do
    let id ← addState ref h.state
    let state ← stateJson id h.state
    let rest ← holesJson ref hs
    return ("{\"first\":" ++ toString h.first ++ field "last" (toString h.last)
      ++ field "tactic" (bool h.tactic) ++ field "state" state ++ "}") :: rest

def elaborate (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", getStr req "text" with
  | .ok envId, .ok text => do
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let done ← withText text e.command
    let notes ← readMessages done.messages
    match ← EIO.toIO' (holesJson ref done.holes) with
    | .error e => failure e
    | .ok holes =>
      let id ← addEnv ref { command := done.command }
      return .ok (field "env" (toString id) ++ field "commands" (toString done.commands)
        ++ field "tainted" (bool done.tainted)
        ++ field "decls" (array (declsJson done.decls))
        ++ field "holes" (array holes) ++ field "messages" (array (notesJson notes)))
  | .error e, _ | _, .error e => return .failed "request" e

/-! ## Sending a declaration to another process

What a declaration needs that is not imported travels as tables of JSON: names, universe levels and
terms, each row referring to earlier ones (after leanprover/lean4export). Binder names and metadata
stay behind, so equal tables mean terms that the kernel cannot tell apart. -/

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
  t.rows.modify fun rows => if size == 0 then rows ++ row else rows ++ "," ++ row
  t.size.set (size + 1)
  return size

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
        | .lam _ t b _ => do
          let t ← w.expr t
          let b ← w.expr b
          pure (row ["4", toString t, toString b])
        | .forallE _ t b _ => do
          let t ← w.expr t
          let b ← w.expr b
          pure (row ["5", toString t, toString b])
        | .letE _ t v b _ => do
          let t ← w.expr t
          let v ← w.expr v
          let b ← w.expr b
          pure (row ["6", toString t, toString v, toString b])
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

def Writer.tables (w : Writer) : IO String := do
  let names ← w.names.rows.get
  let levels ← w.levels.rows.get
  let exprs ← w.exprs.rows.get
  return field "names" ("[" ++ names ++ "]") ++ field "levels" ("[" ++ levels ++ "]")
    ++ field "exprs" ("[" ++ exprs ++ "]")

/-- How many terms were written so far: a declaration refers to none beyond. -/
def Writer.known (w : Writer) : IO String := do
  let size ← w.exprs.size.get
  return field "known" (toString size)

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
    ++ field "type" (toString t) ++ v ++ field "hints" hints ++ (← w.known) ++ "}"

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
      ++ field "types" (array ts) ++ (← w.known) ++ "}"
  | _ => throw (IO.userError "a declaration of an unexpected kind")

def Writer.declarations (w : Writer) : List Declaration → IO (List String)
  | [] => pure []
  | d :: ds => do
    let one ← w.declaration d
    let rest ← w.declarations ds
    return one :: rest

/-- Where a term stands, with its tables. -/
def termJson (levels : List Name) (e : Expr) : IO String := do
  let w ← newWriter
  let ls ← w.nameRows levels
  let i ← w.expr e
  return "{\"levels\":" ++ array ls ++ field "term" (toString i) ++ (← w.tables) ++ "}"

def isImported (env : Environment) (n : Name) : Bool :=
  match env.getModuleIdxFor? n with
  | some _ => true
  | none => false

def exportDecl (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", getStr req "name" with
  | .ok envId, .ok name => do
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let env := e.command.env
    let name := nameIn env name.toName
    match env.find? name with
    | none => return .failed "missing" "the text makes no declaration of this name"
    | some (.thmInfo _) | some (.defnInfo _) | some (.opaqueInfo _) => do
      let all := closure env (isImported env) {} [name]
      if let some what := all.fault then return .failed "unfit" ("it rests on something that does not count: " ++ what)
      let w ← newWriter
      let target ← w.name name
      match ← EIO.toIO' (w.declarations (inOrder all.decls [])) with
      | .ok decls =>
        return .ok (field "decls" ("{\"target\":" ++ toString target ++ field "decls" (array decls)
          ++ (← w.tables) ++ "}"))
      | .error e => return .failed "unfit" (toString e)
    | some _ => return .failed "kind" "the declaration is neither a theorem nor a definition"
  | .error e, _ | _, .error e => return .failed "request" e

/-! ## Taking a declaration from another process

Nothing that comes in is believed: the rows are read into terms, the kernel checks every declaration
on top of an environment in which no foreign text was elaborated, and what has the name of something
that is there already is either the same or gets another name. -/

def malformed (what : String) : IO α := throw (IO.userError ("malformed " ++ what))

def jsonArray (j : Json) : IO (Array Json) :=
  match j with
  | .arr items => pure items
  | _ => malformed "row"

def jsonField (j : Json) (name : String) : IO Json :=
  match j.getObjVal? name with
  | .ok v => pure v
  | .error _ => malformed name

def jsonNat (j : Json) : IO Nat :=
  match j.getNat? with
  | .ok n => pure n
  | .error _ => malformed "number"

def jsonStr (j : Json) : IO String :=
  match j with
  | .str s => pure s
  | _ => malformed "string"

def natAt (items : Array Json) (i : Nat) : IO Nat :=
  if h : i < items.size then jsonNat items[i] else malformed "row"

def itemAt (items : Array Json) (i : Nat) : IO Json :=
  if h : i < items.size then pure items[i] else malformed "row"

/-- The tables as far as they are read. `renamed` are constants that go by another name here. -/
structure Reader where
  names : Array Name
  levels : Array Level
  exprs : Array Expr
  renamed : List (Name × Name)

def nameAt (names : Array Name) (i : Nat) : IO Name :=
  if i == 0 then pure .anonymous
  else if h : i - 1 < names.size then pure names[i - 1] else malformed "name"

partial def readNames (rows : Array Json) (i : Nat) (acc : Array Name) : IO (Array Name) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let p ← nameAt acc (← natAt items 0)
    let last ← itemAt items 1
    let n ← match last with
      | .str s => pure (Name.mkStr p s)
      | other => do
        let k ← jsonNat other
        pure (Name.mkNum p k)
    readNames rows (i + 1) (acc.push n)
  else return acc

def levelAt (levels : Array Level) (i : Nat) : IO Level :=
  if h : i < levels.size then pure levels[i] else malformed "level"

partial def readLevels (rows : Array Json) (names : Array Name) (i : Nat) (acc : Array Level) :
    IO (Array Level) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let kind ← natAt items 0
    let l ← match kind with
      | 0 => pure levelZero
      | 1 => do
        let a ← levelAt acc (← natAt items 1)
        pure (mkLevelSucc a)
      | 2 => do
        let a ← levelAt acc (← natAt items 1)
        let b ← levelAt acc (← natAt items 2)
        pure (mkLevelMax a b)
      | 3 => do
        let a ← levelAt acc (← natAt items 1)
        let b ← levelAt acc (← natAt items 2)
        pure (mkLevelIMax a b)
      | 4 => do
        let n ← nameAt names (← natAt items 1)
        pure (mkLevelParam n)
      | _ => malformed "level"
    readLevels rows names (i + 1) (acc.push l)
  else return acc

partial def levelsAt (levels : Array Level) (rows : Array Json) (i : Nat) : IO (List Level) := do
  if h : i < rows.size then
    let one ← levelAt levels (← jsonNat rows[i])
    let rest ← levelsAt levels rows (i + 1)
    return one :: rest
  else return []

partial def namesAt (names : Array Name) (rows : Array Json) (i : Nat) : IO (List Name) := do
  if h : i < rows.size then
    let one ← nameAt names (← jsonNat rows[i])
    let rest ← namesAt names rows (i + 1)
    return one :: rest
  else return []

def renamedTo (n : Name) : List (Name × Name) → Name
  | [] => n
  | (old, new) :: rest => if old == n then new else renamedTo n rest

def exprAt (exprs : Array Expr) (i : Nat) : IO Expr :=
  if h : i < exprs.size then pure exprs[i] else malformed "term"

def binder : Name := `x

def readExpr (r : Reader) (items : Array Json) : IO Expr := do
  let kind ← natAt items 0
  match kind with
  | 0 => do
    let i ← natAt items 1
    return mkBVar i
  | 1 => do
    let l ← levelAt r.levels (← natAt items 1)
    return mkSort l
  | 2 => do
    let n ← nameAt r.names (← natAt items 1)
    let ls ← levelsAt r.levels (← jsonArray (← itemAt items 2)) 0
    return mkConst (renamedTo n r.renamed) ls
  | 3 => do
    let f ← exprAt r.exprs (← natAt items 1)
    let a ← exprAt r.exprs (← natAt items 2)
    return mkApp f a
  | 4 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let b ← exprAt r.exprs (← natAt items 2)
    return mkLambda binder .default t b
  | 5 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let b ← exprAt r.exprs (← natAt items 2)
    return mkForall binder .default t b
  | 6 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let v ← exprAt r.exprs (← natAt items 2)
    let b ← exprAt r.exprs (← natAt items 3)
    return mkLet binder t v b
  | 7 => do
    let text ← jsonStr (← itemAt items 1)
    match text.toNat? with
    | some n => return mkRawNatLit n
    | none => malformed "numeral"
  | 8 => do
    let text ← jsonStr (← itemAt items 1)
    return mkStrLit text
  | 9 => do
    let n ← nameAt r.names (← natAt items 1)
    let i ← natAt items 2
    let e ← exprAt r.exprs (← natAt items 3)
    return mkProj (renamedTo n r.renamed) i e
  | _ => malformed "term"

/-- Reads terms up to a row, with the names that constants go by at this point. -/
partial def readExprs (rows : Array Json) (known : Nat) (r : Reader) : IO Reader := do
  let i := r.exprs.size
  if i < known then
    if h : i < rows.size then
      let e ← readExpr r (← jsonArray rows[i])
      let { names, levels, exprs, renamed } := r
      readExprs rows known { names, levels, exprs := exprs.push e, renamed }
    else malformed "term"
  else return r

partial def readConstructors (r : Reader) (rows : Array Json) (i : Nat) : IO (List Constructor) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let name ← nameAt r.names (← natAt items 0)
    let type ← exprAt r.exprs (← natAt items 1)
    let rest ← readConstructors r rows (i + 1)
    return { name, type } :: rest
  else return []

partial def readTypes (r : Reader) (rows : Array Json) (i : Nat) : IO (List InductiveType) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let name ← nameAt r.names (← natAt items 0)
    let type ← exprAt r.exprs (← natAt items 1)
    let ctors ← readConstructors r (← jsonArray (← itemAt items 2)) 0
    let rest ← readTypes r rows (i + 1)
    return { name, type, ctors } :: rest
  else return []

/-- Reads a declaration whose terms are read. -/
def readDecl (r : Reader) (j : Json) : IO Declaration := do
  let kind ← jsonStr (← jsonField j "kind")
  let levelParams ← namesAt r.names (← jsonArray (← jsonField j "levels")) 0
  if kind == "inductive" then
    let params ← jsonNat (← jsonField j "params")
    let types ← readTypes r (← jsonArray (← jsonField j "types")) 0
    return .inductDecl levelParams params types false
  else
    let name ← nameAt r.names (← jsonNat (← jsonField j "name"))
    let type ← exprAt r.exprs (← jsonNat (← jsonField j "type"))
    if kind == "axiom" then return .axiomDecl { name, levelParams, type, isUnsafe := false }
    else
      let value ← exprAt r.exprs (← jsonNat (← jsonField j "value"))
      if kind == "theorem" then
        return .thmDecl { name, levelParams, type, value, all := [name] }
      else if kind == "opaque" then
        return .opaqueDecl { name, levelParams, type, value, isUnsafe := false, all := [name] }
      else if kind == "def" then
        let height ← jsonNat (← jsonField j "hints")
        let hints := match height with
          | 0 => ReducibilityHints.opaque
          | 1 => ReducibilityHints.abbrev
          | n + 2 => ReducibilityHints.regular n.toUInt32
        return .defnDecl { name, levelParams, type, value, hints, safety := .safe, all := [name] }
      else malformed "kind"

/-- A term without metadata, as it would be read. -/
partial def plain (e : Expr) : Expr :=
  e.replace fun e => match e with
    | .mdata _ e => some (plain e)
    | _ => none

def sameConstructors (env : Environment) : List Constructor → List Name → Bool
  | [], [] => true
  | c :: cs, n :: ns =>
    match env.find? n with
    | some info => c.name == n && c.type == plain info.type && sameConstructors env cs ns
    | none => false
  | _, _ => false

def sameTypes (env : Environment) (levels : List Name) : List InductiveType → Bool
  | [] => true
  | t :: ts =>
    match env.find? t.name with
    | some (.inductInfo v) =>
      v.levelParams == levels && t.type == plain v.type && sameConstructors env t.ctors v.ctors
        && sameTypes env levels ts
    | _ => false

/-- Whether the environment has this very constant. -/
def sameConstant (info : ConstantInfo) : Declaration → Bool
  | .axiomDecl v =>
    match info with
    | .axiomInfo i => i.levelParams == v.levelParams && plain i.type == v.type
    | _ => false
  | .thmDecl v => same v.levelParams v.type v.value info
  | .opaqueDecl v =>
    match info with
    | .opaqueInfo _ => same v.levelParams v.type v.value info
    | _ => false
  | .defnDecl v => same v.levelParams v.type v.value info
  | _ => false
where
  same (levels : List Name) (type value : Expr) (info : ConstantInfo) : Bool :=
    info.levelParams == levels && plain info.type == type
      && match info.value? (allowOpaque := true) with
        | some own => plain own == value
        | none => false

def withName (n : Name) : Declaration → Declaration
  | .axiomDecl v => .axiomDecl { v with name := n }
  | .thmDecl v => .thmDecl { v with name := n, all := [n] }
  | .opaqueDecl v => .opaqueDecl { v with name := n, all := [n] }
  | .defnDecl v => .defnDecl { v with name := n, all := [n] }
  | d => d

def nameOfDecl : Declaration → Name
  | .axiomDecl v => v.name
  | .thmDecl v => v.name
  | .opaqueDecl v => v.name
  | .defnDecl v => v.name
  | _ => .anonymous

/-- An environment on top of which declarations were read, and the first complaint of the kernel. -/
structure Replayed where
  env : Environment
  reader : Reader
  kernel : Option String := none

/-- Adds a declaration even if the kernel rejects it, so that the other layers have their say. -/
def addChecked (s : Replayed) (decl : Declaration) : BaseIO Replayed := do
  match ← kernelAdd s.env decl with
  | .ok env => return { s with env }
  | .error why =>
    let kernel := match s.kernel with
      | some first => some first
      | none => some why
    match s.env.addDeclCore 0 decl none (doCheck := false) with
    | .ok env => return { s with env, kernel }
    | .error _ => return { s with kernel }

def replayOne (exprs : Array Json) (s : Replayed) (j : Json) : IO Replayed := do
  let { env, reader, kernel } := s
  let reader ← readExprs exprs (← jsonNat (← jsonField j "known")) reader
  let decl ← readDecl reader j
  let s := { env, reader, kernel }
  match decl with
  | .inductDecl levels _ types _ =>
    if sameTypes env levels types then return s
    addChecked s decl
  | decl => do
    let name := nameOfDecl decl
    match env.find? name with
    | none => addChecked s decl
    | some info => do
      if sameConstant info decl then return s
      let other := Name.mkStr name "_candidate"
      let { names, levels, exprs, renamed } := reader
      let reader := { names, levels, exprs, renamed := (name, other) :: renamed }
      addChecked { s with reader } (withName other decl)

partial def replayAll (exprs decls : Array Json) (i : Nat) (s : Replayed) : IO Replayed := do
  if h : i < decls.size then
    let s ← replayOne exprs s decls[i]
    replayAll exprs decls (i + 1) s
  else return s

/-! ## Judging -/

/-- The axioms that the constants of a list rest on, and the names that no constant has. -/
partial def axiomsOf (env : Environment) (seen : NameSet) (axioms unknown : List Name) :
    List Name → List Name × List Name
  | [] => (axioms, unknown)
  | n :: todo =>
    if seen.contains n then axiomsOf env seen axioms unknown todo
    else
      let seen := seen.insert n
      match env.find? n with
      | none => axiomsOf env seen axioms (n :: unknown) todo
      | some (.axiomInfo v) =>
        let axioms := if isAxiom env n then n :: axioms else axioms
        axiomsOf env seen axioms unknown (usedBy v.type todo)
      | some (.thmInfo v) => axiomsOf env seen axioms unknown (usedBy v.type (usedBy v.value todo))
      | some (.defnInfo v) => axiomsOf env seen axioms unknown (usedBy v.type (usedBy v.value todo))
      | some (.opaqueInfo v) => axiomsOf env seen axioms unknown (usedBy v.type (usedBy v.value todo))
      | some (.inductInfo v) => axiomsOf env seen axioms unknown (usedBy v.type (append v.ctors todo))
      | some (.ctorInfo v) => axiomsOf env seen axioms unknown (usedBy v.type todo)
      | some (.recInfo v) => axiomsOf env seen axioms unknown (usedBy v.type todo)
      | some (.quotInfo v) => axiomsOf env seen axioms unknown (usedBy v.type todo)

def namesJson : List Name → List String
  | [] => []
  | n :: ns => quote n.toString :: namesJson ns

/-- The name that a constant has in the text it came from. -/
def ownName : Name → Name
  | .str p "_candidate" => p
  | n => n

def ownNames : List Name → List Name
  | [] => []
  | n :: ns => ownName n :: ownNames ns

def isTheorem : ConstantInfo → Bool
  | .thmInfo _ => true
  | _ => false

/-- Judges a declaration that another process sends, on top of an environment of this one; with
`trusted`, next to the declaration of its name there. -/
def replay (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", getStr req "name", req.getObjVal? "decls" with
  | .ok envId, .ok name, .ok sent => do
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let base := e.command.env
    let trusted := base.find? (nameIn base name.toName)
    if getBool req "trusted" && trusted.isNone then
      return .failed "statement" "the trusted text makes no declaration of this name"
    if !base.contains ``Nat.gcd then
      return .failed "prelude" "a text without Init defines anew what the kernel takes for granted"
    let allowed := getNames req "allowed"
    let read : IO (Replayed × Name) := do
      let names ← readNames (← jsonArray (← jsonField sent "names")) 0 #[]
      let levels ← readLevels (← jsonArray (← jsonField sent "levels")) names 0 #[]
      let exprs ← jsonArray (← jsonField sent "exprs")
      let decls ← jsonArray (← jsonField sent "decls")
      let reader : Reader := { names, levels, exprs := #[], renamed := [] }
      let s ← replayAll exprs decls 0 { env := base, reader }
      let target ← nameAt names (← jsonNat (← jsonField sent "target"))
      return (s, renamedTo target s.reader.renamed)
    match ← EIO.toIO' read with
    | .error e => return .failed "malformed" (toString e)
    | .ok (s, target) => do
      let some info := s.env.find? target
        | return .failed "malformed" ((s.kernel).getD "the declaration did not arrive")
      let same := match trusted with
        | some t => plain t.type == plain info.type && t.levelParams == info.levelParams
            && isTheorem t == isTheorem info
        | none => false
      let (axioms, unknown) := axiomsOf s.env {} [] [] [target]
      let kernel := match s.kernel with
        | some why => quote why
        | none => "null"
      let type ← termJson info.levelParams info.type
      return .ok (field "same_type" (bool same) ++ field "theorem" (bool (isTheorem info))
        ++ field "type" type
        ++ field "axioms" (array (namesJson (ownNames axioms)))
        ++ field "forbidden" (array (namesJson (ownNames (without allowed axioms))))
        ++ field "unknown" (array (namesJson unknown))
        ++ field "kernel" kernel)
  | .error e, _, _ | _, .error e, _ | _, _, .error e => return .failed "request" e

/-- Where the imports of a text end. -/
def imports (req : Json) : IO Outcome := do
  match getStr req "text" with
  | .error e => return .failed "request" e
  | .ok text => do
    let (_, pos, log) ← parseImports text (some "<imports>")
    let notes ← readMessages log.toList
    if hasError notes then return .failed "parse" (firstError notes)
    return .ok (field "end" (toString ((inputContext text).fileMap.ofPosition pos).byteIdx))

/-! ## The loop -/

def answer (ref : GymRef) (req : Json) (start : Nat) : IO Outcome := do
  match getStr req "cmd" with
  | .ok "run" => run ref req start
  | .ok "open" => openHeader ref req
  | .ok "elab" => elaborate ref req
  | .ok "export" => exportDecl ref req
  | .ok "replay" => replay ref req
  | .ok "imports" => imports req
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

def serve (ref : GymRef) (word line : String) (out : IO.FS.Stream) : IO Bool := do
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
      let outcome ← match ← EIO.toIO' (answer ref req start) with
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

partial def loop (ref : GymRef) (word : String) (input out : IO.FS.Stream) : IO Unit := do
  let line ← input.getLine
  if line == "" then return ()
  if ← serve ref word line out then loop ref word input out else return ()

def start : IO Unit := do
  let input ← IO.getStdin
  let word ← match (← input.getLine).splitOn "\n" with
    | word :: _ => pure word
    | [] => pure ""
  if word == "" then return ()
  let out ← IO.getStdout
  let _ ← IO.setStdout nowhere
  let _ ← IO.setStderr nowhere
  let ref ← ST.mkRef ({} : Gym)
  out.putStr (word ++ " {\"id\":0,\"ok\":true,\"version\":" ++ quote Lean.versionString ++ "}\n")
  out.flush
  loop ref word input out

end Gym

--#if lean >= 4.22
public
--#endif
def main : IO UInt32 := do
  initSearchPath (← findSysroot)
  Gym.start
  return 0
