import Lean.Elab.Frontend
import Lean.Elab.Tactic.Basic

/-!
# The gym

A process that holds tactic states and runs tactics on them. It reads one JSON object a line from
standard input and answers each with one line on standard output, which starts with the word that
it was given as its argument (model text does not know that word and so cannot forge an answer).

| command | fields | answer |
| --- | --- | --- |
| `open`  | `header` | `env`, `messages` |
| `elab`  | `env`, `text`, `heartbeats` | `env` after the text, `decls`, `holes`, `messages` |
| `run`   | `state`, `tactic`, `heartbeats`, `whole` | `states`, `order`, `kept`, `messages` |
| `check` | `env`, `base`, `name` | `same_type`, `axioms`, `kernel`, … of the declaration in `env`, compared with the one in `base` |
| `imports` | `text` | `end`: the byte where the text's imports end |
| `free`  | `states`, `envs` | |
| `stop`  | | |

`run` shows a tactic only the first goal of its state and splits what is left into groups that share
no metavariable; with `whole` it shows and keeps all goals together.

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
    {} meta' (coreContext s.options s.currNamespace s.openDecls heartbeats start) core
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

/-- Why the proofs of some goals do not count, as far as they go. -/
def fault (self : Name) (complete : Bool) : List MVarId → MetaM (Option String)
  | [] => pure none
  | g :: gs => do
    let proof ← instantiateMVars (mkMVar g)
    if proof.hasSorry then return some "sorry"
    if complete && proof.hasExprMVar then return some "leaves metavariables unassigned"
    if !self.isAnonymous && mentions proof.getUsedConstants self 0 then
      return some "appeals to what is to be proved"
    fault self complete gs

/-- After a tactic on the goals `visible` with the goals `hidden`: the groups of goals that are
left, or why the tactic does not count. Of the hidden goals, those still open are given by index. -/
def afterTactic (self : Name) (visible new hidden : List MVarId) :
    MetaM (Except String (List Group × List String)) := do
  let kept ← unassigned hidden 1
  let goals := append new (groupMembers kept)
  let complete := match goals with
    | [] => true
    | _ => false
  if let some why ← fault self complete visible then return .error why
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
          match ← EIO.toIO' (new.query (afterTactic s.self visible new.goals hidden)) with
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
          body := byteStart body, bodyEnd := byteEnd body }
    | _, _ => none

/-- The name under which an environment has a declaration, which may be private. -/
def nameIn (env : Environment) (name : Name) : Name :=
  if env.contains name then name else mkPrivateName env name

/-- What elaborating a text gives. -/
structure Elaborated where
  command : Command.State
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
    return { acc with messages := parsed }
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
    { command := { after with messages := {}, infoState := {} }, decls, messages,
      holes := append acc.holes found }

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
      ++ field "body" (toString d.body) ++ field "body_end" (toString d.bodyEnd) ++ "}")
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
      return .ok (field "env" (toString id) ++ field "decls" (array (declsJson done.decls))
        ++ field "holes" (array holes) ++ field "messages" (array (notesJson notes)))
  | .error e, _ | _, .error e => return .failed "request" e

/-! ## Checking a finished declaration -/

partial def pushNames (names : Array Name) (i : Nat) (todo : List Name) : List Name :=
  if h : i < names.size then pushNames names (i + 1) (names[i] :: todo) else todo

def usedBy (e : Expr) (todo : List Name) : List Name := pushNames e.getUsedConstants 0 todo

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

/-- What is checked of a definition, an instance or a theorem. -/
structure Finished where
  levelParams : List Name
  type : Expr
  value : Expr
  theorem? : Bool

def finished : ConstantInfo → Option Finished
  | .thmInfo v => some { levelParams := v.levelParams, type := v.type, value := v.value, theorem? := true }
  | .defnInfo v => some { levelParams := v.levelParams, type := v.type, value := v.value, theorem? := false }
  | .opaqueInfo v => some { levelParams := v.levelParams, type := v.type, value := v.value, theorem? := false }
  | _ => none

/-- Has the kernel check a declaration once more, under another name. -/
def kernelCheck (env : Environment) (name : Name) (v : Finished) : EIO Exception Unit := do
  let start ← (IO.getNumHeartbeats : BaseIO Nat)
  let core ← ST.mkRef ({ env } : Core.State)
  let name := name ++ `again
  let decl := if v.theorem? then
      Declaration.thmDecl { name, levelParams := v.levelParams, type := v.type, value := v.value, all := [name] }
    else
      Declaration.defnDecl { name, levelParams := v.levelParams, type := v.type, value := v.value,
                             hints := .opaque, safety := .safe, all := [name] }
  let act : CoreM Unit := addDecl decl
  act (coreContext {} .anonymous [] 0 start) core

def checkIn (env base : Environment) (name : Name) : IO Outcome := do
  let some trusted := base.find? (nameIn base name)
    | return .failed "statement" "the trusted text makes no declaration of this name"
  let name := nameIn env name
  let some info := env.find? name
    | return .failed "missing" "the text makes no declaration of this name"
  let some v := finished info
    | return .failed "kind" "the declaration is neither a theorem nor a definition"
  let (axioms, unknown) := axiomsOf env {} [] [] [name]
  let kernel ← match ← EIO.toIO' (kernelCheck env name v) with
    | .ok _ => pure "null"
    | .error ex => do
      let text ← ex.toMessageData.toString
      pure (quote text)
  return .ok (field "same_type" (bool (trusted.type == v.type && trusted.levelParams == v.levelParams))
    ++ field "theorem" (bool v.theorem?)
    ++ field "type_hash" (quote (toString v.type.hash))
    ++ field "has_sorry" (bool v.value.hasSorry)
    ++ field "has_mvar" (bool (v.value.hasMVar || v.type.hasMVar))
    ++ field "axioms" (array (namesJson axioms)) ++ field "unknown" (array (namesJson unknown))
    ++ field "kernel" kernel)

def check (ref : GymRef) (req : Json) : IO Outcome := do
  match getNat req "env", getNat req "base", getStr req "name" with
  | .ok envId, .ok baseId, .ok name => do
    let some e ← getEnv' ref envId | return .failed "unknown" ("no environment " ++ toString envId)
    let some base ← getEnv' ref baseId | return .failed "unknown" ("no environment " ++ toString baseId)
    checkIn e.command.env base.command.env name.toName
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
  | .ok "check" => check ref req
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

def start (word : String) : IO Unit := do
  let input ← IO.getStdin
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
def main (args : List String) : IO UInt32 := do
  initSearchPath (← findSysroot)
  match args with
  | word :: _ => Gym.start word
  | [] => Gym.start "gym"
  return 0
