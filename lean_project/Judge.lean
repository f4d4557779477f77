import Lean.AddDecl
import Lean.Data.Json

/-!
# The judge

The process whose word counts. It elaborates nothing: no text of anybody ever comes here, only
terms as data, from a process that is not believed. What it trusts is the Lean that runs it, above
all its kernel; the imported library, which it loads without running what is in it; and this file.

| question | function |
| --- | --- |
| Is what was sent a term at all? | `Reader` |
| Does the kernel accept every declaration that is not imported? | `addDecl`, `readDecls` |
| May a term have the kernel run compiled code? (no) | `runsCompiled` |
| What does a declaration rest on: axioms, open `sorry`s, what the kernel refused? | `restsOn` |
| Is the theorem given the theorem that was asked? | `Compare` |

| command | fields | answer |
| --- | --- | --- |
| `import` | `imports`: rows `[module, all, exported, meta]` | `node`: an environment that holds the imports |
| `read`  | `node`, `segments`: tables of terms with declarations | `nodes`: the environment after each segment, `refused` |
| `judge` | `given`: a node, `asked`: another, `questions` | for each question what the constant rests on, and whether it is the one that was asked |
| `free`  | `nodes` | |
| `stop`  | | |

A request is one JSON object a line; an answer is one line, after the word that was read first.
Everything that comes in is checked: a row refers to earlier rows only, a declaration whose name is
imported must be that very declaration, and what the kernel refuses stays in the environment as an
axiom of its type, so that the rest can be judged and is known to rest on it.

The source keeps to what compiles on Lean 4.20 to 4.35 and on a Lean that ships no private data:
plain recursion, no loops. The lines between `--#if` and `--#endif` are chosen by
`prover.lean.toolchain` for the Lean that is used.
-/

open Lean

namespace Judge

/-! ## JSON -/

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

def jsonBool (j : Json) : IO Bool :=
  match j with
  | .bool b => pure b
  | _ => malformed "truth value"

def natAt (items : Array Json) (i : Nat) : IO Nat :=
  if h : i < items.size then jsonNat items[i] else malformed "row"

def itemAt (items : Array Json) (i : Nat) : IO Json :=
  if h : i < items.size then pure items[i] else malformed "row"

/-- A name as the array of its parts. -/
partial def nameOf (parts : Array Json) (i : Nat) (n : Name) : IO Name := do
  if h : i < parts.size then
    match parts[i] with
    | .str s => nameOf parts (i + 1) (.str n s)
    | other => do
      let k ← jsonNat other
      nameOf parts (i + 1) (.num n k)
  else return n

def jsonName (j : Json) : IO Name := do nameOf (← jsonArray j) 0 .anonymous

def nameParts : Name → List String → List String
  | .anonymous, acc => acc
  | .str p s, acc => nameParts p (quote s :: acc)
  | .num p k, acc => nameParts p (toString k :: acc)

def nameJson (n : Name) : String := array (nameParts n [])

def namesJson : List Name → List String
  | [] => []
  | n :: ns => nameJson n :: namesJson ns

/-! ## Terms

Three tables, rows of each referring to earlier ones: names `[prefix, part]`, universe levels
`[kind, …]`, terms `[kind, …]` (after leanprover/lean4export). Names count from 1, 0 is the anonymous
one. Binder names and metadata stay behind: the kernel does not look at them. -/

structure Reader where
  names : Array Name := #[]
  levels : Array Level := #[]
  exprs : Array Expr := #[]

def nameAt (names : Array Name) (i : Nat) : IO Name :=
  if i == 0 then pure .anonymous
  else if h : i - 1 < names.size then pure names[i - 1] else malformed "name"

partial def readNames (rows : Array Json) (i : Nat) (acc : Array Name) : IO (Array Name) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let p ← nameAt acc (← natAt items 0)
    let n ← match ← itemAt items 1 with
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
    let l ← match ← natAt items 0 with
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

def exprAt (exprs : Array Expr) (i : Nat) : IO Expr :=
  if h : i < exprs.size then pure exprs[i] else malformed "term"

def binder : Name := `x

def binderInfo : Nat → IO BinderInfo
  | 0 => pure .default
  | 1 => pure .implicit
  | 2 => pure .strictImplicit
  | 3 => pure .instImplicit
  | _ => malformed "binder"

def readExpr (r : Reader) (items : Array Json) : IO Expr := do
  match ← natAt items 0 with
  | 0 => do
    let i ← natAt items 1
    return .bvar i
  | 1 => do
    let l ← levelAt r.levels (← natAt items 1)
    return .sort l
  | 2 => do
    let n ← nameAt r.names (← natAt items 1)
    let ls ← levelsAt r.levels (← jsonArray (← itemAt items 2)) 0
    return .const n ls
  | 3 => do
    let f ← exprAt r.exprs (← natAt items 1)
    let a ← exprAt r.exprs (← natAt items 2)
    return .app f a
  | 4 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let b ← exprAt r.exprs (← natAt items 2)
    let info ← binderInfo (← natAt items 3)
    return .lam binder t b info
  | 5 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let b ← exprAt r.exprs (← natAt items 2)
    let info ← binderInfo (← natAt items 3)
    return .forallE binder t b info
  | 6 => do
    let t ← exprAt r.exprs (← natAt items 1)
    let v ← exprAt r.exprs (← natAt items 2)
    let b ← exprAt r.exprs (← natAt items 3)
    let nondep ← natAt items 4
    return .letE binder t v b (nondep == 1)
  | 7 => do
    match (← jsonStr (← itemAt items 1)).toNat? with
    | some n => return .lit (.natVal n)
    | none => malformed "numeral"
  | 8 => do
    let text ← jsonStr (← itemAt items 1)
    return .lit (.strVal text)
  | 9 => do
    let n ← nameAt r.names (← natAt items 1)
    let i ← natAt items 2
    let e ← exprAt r.exprs (← natAt items 3)
    return .proj n i e
  | _ => malformed "term"

partial def readExprs (rows : Array Json) (i : Nat) (r : Reader) : IO Reader := do
  if h : i < rows.size then
    let e ← readExpr r (← jsonArray rows[i])
    let { names, levels, exprs } := r
    readExprs rows (i + 1) { names, levels, exprs := exprs.push e }
  else return r

/-- The tables with the rows that a segment adds. -/
def readTables (j : Json) (r : Reader) : IO Reader := do
  let { names, levels, exprs } := r
  let names ← readNames (← jsonArray (← jsonField j "names")) 0 names
  let levels ← readLevels (← jsonArray (← jsonField j "levels")) names 0 levels
  readExprs (← jsonArray (← jsonField j "exprs")) 0 { names, levels, exprs }

/-! ## Declarations -/

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

/-- A declaration, or the name of one that could not be sent and why. -/
inductive Sent where
  | decl (d : Declaration)
  | unfit (name : Name) (why : String)

def readDecl (r : Reader) (j : Json) : IO Sent := do
  let kind ← jsonStr (← jsonField j "kind")
  if kind == "unfit" then
    let name ← nameAt r.names (← jsonNat (← jsonField j "name"))
    let why ← jsonStr (← jsonField j "why")
    return .unfit name why
  let levelParams ← namesAt r.names (← jsonArray (← jsonField j "levels")) 0
  if kind == "inductive" then
    let params ← jsonNat (← jsonField j "params")
    let types ← readTypes r (← jsonArray (← jsonField j "types")) 0
    return .decl (.inductDecl levelParams params types false)
  let name ← nameAt r.names (← jsonNat (← jsonField j "name"))
  let type ← exprAt r.exprs (← jsonNat (← jsonField j "type"))
  if kind == "axiom" then
    return .decl (.axiomDecl { name, levelParams, type, isUnsafe := false })
  let value ← exprAt r.exprs (← jsonNat (← jsonField j "value"))
  if kind == "theorem" then
    return .decl (.thmDecl { name, levelParams, type, value, all := [name] })
  if kind == "opaque" then
    return .decl (.opaqueDecl { name, levelParams, type, value, isUnsafe := false, all := [name] })
  if kind == "def" then
    let hints := match ← jsonNat (← jsonField j "hints") with
      | 0 => ReducibilityHints.opaque
      | 1 => ReducibilityHints.abbrev
      | n + 2 => ReducibilityHints.regular n.toUInt32
    return .decl
      (.defnDecl { name, levelParams, type, value, hints, safety := .safe, all := [name] })
  malformed "kind"

/-! ## What is imported is what it seems -/

/-- A constant as the kernel has it: the elaborator's own look-up does not know all of them. -/
def _root_.Lean.Environment.lookUp (env : Environment) (n : Name) : Option ConstantInfo :=
  env.toKernelEnv.find? n

def _root_.Lean.Environment.knows (env : Environment) (n : Name) : Bool :=
  match env.lookUp n with
  | some _ => true
  | none => false

def isImported (env : Environment) (n : Name) : Bool :=
  match env.getModuleIdxFor? n with
  | some _ => true
  | none => false

/-- A term without metadata, as it would be read. -/
partial def plain (e : Expr) : Expr :=
  e.replace fun e => match e with
    | .mdata _ e => some (plain e)
    | _ => none

/-- Whether two terms are the same for the kernel, names of binders apart. -/
def sameTerm (sent own : Expr) : Bool :=
  let own := plain own
  sent.hash == own.hash && sent == own

def sameConstructors (env : Environment) : List Constructor → List Name → Bool
  | [], [] => true
  | c :: cs, n :: ns =>
    match env.lookUp n with
    | some info => c.name == n && sameTerm c.type info.type && sameConstructors env cs ns
    | none => false
  | _, _ => false

def sameTypes (env : Environment) (levels : List Name) : List InductiveType → Bool
  | [] => true
  | t :: ts =>
    match env.lookUp t.name with
    | some (.inductInfo v) =>
      v.levelParams == levels && sameTerm t.type v.type && sameConstructors env t.ctors v.ctors
        && sameTypes env levels ts
    | _ => false

/-- Whether a declaration is the one that the environment has under its name. -/
def isThere (env : Environment) : Declaration → Bool
  | .axiomDecl v =>
    match env.lookUp v.name with
    | some (.axiomInfo i) => i.levelParams == v.levelParams && sameTerm v.type i.type
    | _ => false
  | .thmDecl v => same v.name v.levelParams v.type v.value
  | .opaqueDecl v => same v.name v.levelParams v.type v.value
  | .defnDecl v => same v.name v.levelParams v.type v.value
  | .inductDecl levels _ types _ => sameTypes env levels types
  | _ => false
where
  same (name : Name) (levels : List Name) (type value : Expr) : Bool :=
    match env.lookUp name with
    | some info =>
      info.levelParams == levels && sameTerm type info.type
        && match info.value? (allowOpaque := true) with
          | some own => sameTerm value own
          | none => false
    | none => false

/-! ## The kernel -/

partial def pushNames (names : Array Name) (i : Nat) (todo : List Name) : List Name :=
  if h : i < names.size then pushNames names (i + 1) (names[i] :: todo) else todo

def usedBy (e : Expr) (todo : List Name) : List Name := pushNames e.getUsedConstants 0 todo

def usedByConstructors : List Constructor → List Name → List Name
  | [], todo => todo
  | c :: cs, todo => usedByConstructors cs (usedBy c.type todo)

def usedByTypes : List InductiveType → List Name → List Name
  | [], todo => todo
  | t :: ts, todo => usedByTypes ts (usedByConstructors t.ctors (usedBy t.type todo))

def usedByDecl : Declaration → List Name
  | .axiomDecl v => usedBy v.type []
  | .thmDecl v => usedBy v.type (usedBy v.value [])
  | .opaqueDecl v => usedBy v.type (usedBy v.value [])
  | .defnDecl v => usedBy v.type (usedBy v.value [])
  | .inductDecl _ _ types _ => usedByTypes types []
  | _ => []

def memName (n : Name) : List Name → Bool
  | [] => false
  | m :: ms => n == m || memName n ms

/-- The kernel evaluates these by running compiled code, which may be anything
(`@[implemented_by]`, `@[extern]`); the axioms beside them say that this is to be believed. -/
def compiled : List Name :=
  [``Lean.reduceBool, ``Lean.reduceNat, ``Lean.ofReduceBool, ``Lean.ofReduceNat,
   `Lean.trustCompiler]

def runsCompiled : List Name → Option Name
  | [] => none
  | n :: ns => if memName n compiled then some n else runsCompiled ns

/-- A declaration that did not come into the environment as it was sent: why, and what it uses. -/
structure Refused where
  name : Name
  why : String
  uses : List Name

/-- An environment after declarations, all of them checked by the kernel. -/
structure Node where
  env : Environment
  refused : List Refused := []

def Node.refusal (node : Node) (n : Name) : Option Refused :=
  find node.refused
where
  find : List Refused → Option Refused
    | [] => none
    | r :: rs => if r.name == n then some r else find rs

def kernelAdd (env : Environment) (decl : Declaration) : BaseIO (Except String Environment) := do
  match env.addDeclCore 0 decl none with
  | .ok env => return .ok env
  | .error e => do
    let text ← (e.toMessageData {}).toString
    return .error text

def namesOfTypes : List InductiveType → List (Name × List Name × Expr)
  | [] => []
  | t :: ts => (t.name, [], t.type) :: namesOfTypes ts

/-- The names that a declaration makes, with their universes and types. -/
def made : Declaration → List (Name × List Name × Expr)
  | .axiomDecl v => [(v.name, v.levelParams, v.type)]
  | .thmDecl v => [(v.name, v.levelParams, v.type)]
  | .opaqueDecl v => [(v.name, v.levelParams, v.type)]
  | .defnDecl v => [(v.name, v.levelParams, v.type)]
  | .inductDecl levels _ types _ => withLevels levels (namesOfTypes types)
  | _ => []
where
  withLevels (levels : List Name) :
      List (Name × List Name × Expr) → List (Name × List Name × Expr)
    | [] => []
    | (n, _, t) :: rest => (n, levels, t) :: withLevels levels rest

/-- What the kernel refuses stays as axioms of the same types, if these are types at all. -/
def asAxioms (env : Environment) : List (Name × List Name × Expr) → BaseIO Environment
  | [] => return env
  | (name, levelParams, type) :: rest => do
    match env.addDeclCore 0 (.axiomDecl { name, levelParams, type, isUnsafe := false }) none with
    | .ok env => asAxioms env rest
    | .error _ => asAxioms env rest

def refuse (node : Node) (why : String) (uses : List Name) :
    List (Name × List Name × Expr) → List Refused
  | [] => node.refused
  | (name, _) :: rest => { name, why, uses } :: refuse node why uses rest

def anyThere (env : Environment) : List (Name × List Name × Expr) → Bool
  | [] => false
  | (n, _) :: rest => env.knows n || anyThere env rest

def addDecl (node : Node) (decl : Declaration) : BaseIO Node := do
  let uses := usedByDecl decl
  let names := made decl
  if anyThere node.env names then
    if isThere node.env decl then return node
    return { node with refused := refuse node "is declared twice, differently" uses names }
  if let some n := runsCompiled uses then
    let why := "uses " ++ n.toString ++ ", which has the kernel run compiled code"
    let env ← asAxioms node.env names
    return { env, refused := refuse node why uses names }
  match ← kernelAdd node.env decl with
  | .ok env => return { node with env }
  | .error why =>
    let env ← asAxioms node.env names
    return { env, refused := refuse node why uses names }

partial def readDecls (r : Reader) (rows : Array Json) (i : Nat) (node : Node) : IO Node := do
  if h : i < rows.size then
    match ← readDecl r rows[i] with
    | .decl d => do
      let node ← addDecl node d
      readDecls r rows (i + 1) node
    | .unfit name why =>
      readDecls r rows (i + 1) { node with refused := { name, why, uses := [] } :: node.refused }
  else return node

/-! ## What a constant rests on -/

/-- A table of names. -/
abbrev Memo (α : Type) := IO.Ref (Array (List (Name × α)))

def buckets : Nat := 16381

def newMemo (α : Type) : IO (Memo α) := ST.mkRef (Array.replicate buckets ([] : List (Name × α)))

def lookUp (n : Name) : List (Name × α) → Option α
  | [] => none
  | (m, x) :: rest => if n == m then some x else lookUp n rest

def Memo.find (memo : Memo α) (n : Name) : IO (Option α) := do
  let table ← memo.get
  let i := n.hash.toNat % buckets
  if h : i < table.size then return lookUp n table[i] else return none

def Memo.add (memo : Memo α) (n : Name) (x : α) : IO Unit := do
  let i := n.hash.toNat % buckets
  memo.modify fun table =>
    let there := if h : i < table.size then table[i] else []
    table.set! i ((n, x) :: there)

/-- What a proof may rest on beside other proofs. -/
inductive Ground where
  | ax (n : Name)
  /-- Its own term holds `sorry`. -/
  | open' (n : Name)
  | refused (n : Name)
  | unknown (n : Name)
deriving BEq

def memGround (g : Ground) : List Ground → Bool
  | [] => false
  | h :: hs => g == h || memGround g hs

def union : List Ground → List Ground → List Ground
  | [], acc => acc
  | g :: gs, acc => union gs (if memGround g acc then acc else g :: acc)

/-- Whether an axiom of the environment is one in its source. A library without private data shows
its theorems as axioms; what is not imported is what it seems. -/
def isAxiom (env : Environment) (name : Name) : Bool :=
--#if lean >= 4.24
  match env.getModuleIdxFor? name, getOriginalConstKind? env name with
  | some _, some .axiom => true
  | some _, some _ => false
  | _, _ => true
--#else
--  true
--#endif

/-- The types of some inductive types and of all their constructors. -/
def usedByInductives (env : Environment) : List Name → List Name → List Name
  | [], todo => todo
  | n :: ns, todo =>
    match env.lookUp n with
    | some (.inductInfo v) => usedByInductives env ns (constructors v.ctors (usedBy v.type todo))
    | _ => usedByInductives env ns todo
where
  constructors : List Name → List Name → List Name
    | [], todo => todo
    | c :: cs, todo =>
      match env.lookUp c with
      | some info => constructors cs (usedBy info.type todo)
      | none => constructors cs todo

/-- Names of the types and constructors that are declared together. -/
def family (env : Environment) : List Name → List Name
  | [] => []
  | n :: ns =>
    match env.lookUp n with
    | some (.inductInfo v) => n :: append v.ctors (family env ns)
    | _ => n :: family env ns
where
  append : List Name → List Name → List Name
    | [], ys => ys
    | x :: xs, ys => x :: append xs ys

def minus : List Name → List Name → List Name
  | [], _ => []
  | n :: ns, out => if memName n out then minus ns out else n :: minus ns out

def known (env : Environment) : List Name → List Name
  | [] => []
  | n :: ns => if env.knows n then n :: known env ns else known env ns

/-- What a constant uses, and what is to be said of it itself: that its term has the kernel run
compiled code, and, if it is not imported, that it holds `sorry`. A library without private data
mentions constants that it does not show: they are passed over; and what is imported stays what it is
if a text declares its name anew. What is declared together, types
with their constructors, counts as one, so that nothing uses itself. -/
def direct (node : Node) (n : Name) : List Name × List Ground :=
  match (if isImported node.env n then none else node.refusal n) with
  | some r => own r.uses [.refused n]
  | none =>
    match node.env.lookUp n with
    | none => ([], [.unknown n])
    | some (.axiomInfo v) =>
      own (usedBy v.type []) (if isAxiom node.env n then [.ax n] else [])
    | some (.thmInfo v) => own (usedBy v.type (usedBy v.value [])) []
    | some (.defnInfo v) => own (usedBy v.type (usedBy v.value [])) []
    | some (.opaqueInfo v) => own (usedBy v.type (usedBy v.value [])) []
    | some (.inductInfo v) =>
      own (minus (usedByInductives node.env v.all []) (family node.env v.all)) []
    | some (.ctorInfo v) => ([v.induct], [])
    | some (.recInfo v) => (v.all, [])
    | some (.quotInfo _) => ([], [])
where
  own (uses : List Name) (grounds : List Ground) : List Name × List Ground :=
    let uses := if isImported node.env n then known node.env uses else uses
    let grounds := match runsCompiled uses with
      | some c => .ax c :: grounds
      | none => grounds
    if memName ``sorryAx uses && !isImported node.env n then
      (minus uses [``sorryAx], .open' n :: grounds)
    else (uses, grounds)

mutual

/-- All that a constant rests on. `library` remembers imported constants, for as long as their
environment lives, `here` those of this request. -/
partial def restsOn (node : Node) (library here : Memo (List Ground)) (n : Name) :
    IO (List Ground) := do
  let memo := if isImported node.env n then library else here
  match ← memo.find n with
  | some grounds => return grounds
  | none => do
    memo.add n []  -- what is refused may use itself: it is not gone through twice
    let (uses, own) := direct node n
    let grounds ← restOnAll node library here uses own
    memo.add n grounds
    return grounds

partial def restOnAll (node : Node) (library here : Memo (List Ground)) :
    List Name → List Ground → IO (List Ground)
  | [], acc => return acc
  | n :: ns, acc => do
    let some' ← restsOn node library here n
    restOnAll node library here ns (union some' acc)

end

/-! ## Whether it is what was asked -/

/-- Two environments, side by side. `pairs` are constants that are the same as far as is known;
`answers` those that are open where they were asked, `open'` tells of the one that is being compared;
`why` is the first difference. -/
structure Compare where
  asked : Node
  given : Node
  pairs : IO.Ref (List (Name × Name))
  answers : IO.Ref (List Name)
  open' : IO.Ref Bool
  why : IO.Ref String
  fuel : IO.Ref Nat

/-- Universe parameters of the one side with those of the other. -/
abbrev Levels := IO.Ref (List (Name × Name))

def Compare.differ (c : Compare) (why : String) : IO Bool := do
  if (← c.why.get) == "" then c.why.set why
  return false

def Compare.spend (c : Compare) : IO Bool := do
  let fuel ← c.fuel.get
  if fuel == 0 then c.differ "the terms are too large to compare"
  else do
    c.fuel.set (fuel - 1)
    return true

def pairOf (a b : Name) : List (Name × Name) → Option Bool
  | [] => none
  | (x, y) :: rest => if a == x || b == y then some (a == x && b == y) else pairOf a b rest

def memPair (a b : Name) : List (Name × Name) → Bool
  | [] => false
  | (x, y) :: rest => (a == x && b == y) || memPair a b rest

partial def sameLevel (levels : Levels) : Level → Level → IO Bool
  | .zero, .zero => return true
  | .succ a, .succ b => sameLevel levels a b
  | .max a b, .max c d => both a b c d
  | .imax a b, .imax c d => both a b c d
  | .param a, .param b => do
    match pairOf a b (← levels.get) with
    | some same => return same
    | none => do
      levels.modify fun ps => (a, b) :: ps
      return true
  | _, _ => return false
where
  both (a b c d : Level) : IO Bool := do
    if ← sameLevel levels a c then sameLevel levels b d else return false

def sameLevels (levels : Levels) : List Level → List Level → IO Bool
  | [], [] => return true
  | a :: as, b :: bs => do
    if ← sameLevel levels a b then sameLevels levels as bs else return false
  | _, _ => return false

def zip : List Name → List Name → Option (List (Name × Name))
  | [], [] => some []
  | a :: as, b :: bs =>
    match zip as bs with
    | some rest => some ((a, b) :: rest)
    | none => none
  | _, _ => none

def allSame : List (Name × Name) → Bool
  | [] => true
  | (a, b) :: rest => a == b && allSame rest

/-- What stands where it was asked may be left open (`sorry`), or be a proof: of two proofs of the
same proposition the kernel makes no difference. -/
inductive Loose where
  | no
  | proof
  | hole

def loose (env : Environment) (e : Expr) : Loose :=
  match e.getAppFn with
  | .const n _ =>
    if n == ``sorryAx then .hole
    else if isImported env n then .no
    else match env.lookUp n with
      | some (.thmInfo _) => .proof
      | _ => .no
  | _ => .no

mutual

/-- Whether two terms say the same: they are equal, up to universe parameters and to constants that
are the same under other names. -/
partial def Compare.term (c : Compare) (levels : Levels) (a b : Expr) : IO Bool := do
  if a == b then
    if allSame (← levels.get) then return ← c.constants (usedBy a [])
  c.terms levels a b

partial def Compare.constants (c : Compare) : List Name → IO Bool
  | [] => return true
  | n :: ns => do
    if ← c.constant n n then c.constants ns else return false

partial def Compare.terms (c : Compare) (levels : Levels) (a b : Expr) : IO Bool := do
  if !(← c.spend) then return false
  match loose c.asked.env a with
  | .hole => do
    c.open'.set true
    return true
  | .proof => return true
  | .no => c.parts levels a b

partial def Compare.parts (c : Compare) (levels : Levels) (a b : Expr) : IO Bool := do
  match a, b with
  | .bvar i, .bvar j => return i == j
  | .fvar i, .fvar j => return i == j
  | .sort u, .sort v => sameLevel levels u v
  | .const n us, .const m vs =>
    if ← c.constant n m then sameLevels levels us vs else return false
  | .app f x, .app g y => if ← c.terms levels f g then c.terms levels x y else return false
  | .lam _ t x _, .lam _ s y _ =>
    if ← c.terms levels t s then c.terms levels x y else return false
  | .forallE _ t x _, .forallE _ s y _ =>
    if ← c.terms levels t s then c.terms levels x y else return false
  | .letE _ t v x _, .letE _ s w y _ =>
    if ← c.terms levels t s then
      if ← c.terms levels v w then c.terms levels x y else return false
    else return false
  | .lit x, .lit y => return x == y
  | .proj n i x, .proj m j y =>
    if i == j then
      if ← c.constant n m then c.terms levels x y else return false
    else return false
  | .mdata _ x, y => c.terms levels x y
  | x, .mdata _ y => c.terms levels x y
  | _, _ => return false

/-- Whether a constant of the asked environment and one of the given are the same: imported, or
declared alike. A definition is its value, whatever its name; of a theorem the statement counts; what
is open where it was asked may be anything of its type where it is given. -/
partial def Compare.constant (c : Compare) (n m : Name) : IO Bool := do
  if n == m && isImported c.asked.env n && isImported c.given.env m then return true
  if memPair n m (← c.pairs.get) then return true
  match c.asked.refusal n, c.given.refusal m with
  | some _, _ | _, some _ => c.differ (n.toString ++ " is not accepted by the kernel")
  | none, none => do
    match c.asked.env.lookUp n, c.given.env.lookUp m with
    | some a, some b => do
      let some params := zip a.levelParams b.levelParams
        | c.differ (n.toString ++ " has other universes")
      let levels : Levels ← ST.mkRef params
      let before ← c.pairs.get
      c.pairs.set ((n, m) :: before)
      if ← c.declaration levels a b then return true
      c.pairs.set before
      c.differ (n.toString ++ " is declared differently")
    | none, _ => c.differ (n.toString ++ " is not there")
    | _, none => c.differ (m.toString ++ " is not there")

partial def Compare.declaration (c : Compare) (levels : Levels) (a b : ConstantInfo) : IO Bool := do
  match a, b with
  | .axiomInfo v, .axiomInfo w =>
    if v.name == w.name then c.term levels v.type w.type else return false
  | .thmInfo v, .thmInfo w => c.term levels v.type w.type
  | .defnInfo v, .defnInfo w =>
    if ← c.term levels v.type w.type then
      let outer ← c.open'.get
      c.open'.set false
      let same ← c.term levels v.value w.value
      if ← c.open'.get then c.answers.modify fun ns => v.name :: ns
      c.open'.set outer
      return same
    else return false
  | .opaqueInfo v, .opaqueInfo w =>
    if v.name == w.name then
      if ← c.term levels v.type w.type then c.term levels v.value w.value else return false
    else return false
  | .inductInfo v, .inductInfo w =>
    if v.name == w.name && v.all == w.all && v.ctors == w.ctors && v.numParams == w.numParams then
      if ← c.term levels v.type w.type then c.types v.all else return false
    else return false
  | .ctorInfo v, .ctorInfo w =>
    if v.name == w.name && v.cidx == w.cidx then
      if ← c.constant v.induct w.induct then c.term levels v.type w.type else return false
    else return false
  | .recInfo v, .recInfo w =>
    if v.name == w.name && v.all == w.all then c.types v.all else return false
  | .quotInfo v, .quotInfo w => return v.name == w.name
  | _, _ => return false

/-- Whether types that are declared together, and their constructors, are the same. -/
partial def Compare.types (c : Compare) : List Name → IO Bool
  | [] => return true
  | n :: ns => do
    if ← c.constant n n then
      match c.asked.env.lookUp n with
      | some (.inductInfo v) => if ← c.constants v.ctors then c.types ns else return false
      | _ => return false
    else return false

end

/-- Whether two types are the same if each is also told of variables of a section: Lean gives a
declaration those that its proof uses. `vars` is `∀ variables, True`. -/
partial def Compare.under (c : Compare) (levels : Levels) (depth : Nat) (vars a b : Expr) :
    IO Bool := do
  let before ← levels.get
  let pairs ← c.pairs.get
  if ← c.term levels a b then return true
  levels.set before
  c.pairs.set pairs
  match vars with
  | .forallE _ type rest _ => do
    let x := Expr.fvar ⟨.num `variable depth⟩
    let rest := rest.instantiate1 x
    let a' ← takes a type x
    let b' ← takes b type x
    match a', b' with
    | some a', some b' =>
      if ← c.under levels (depth + 1) rest a' b' then return true
      levels.set before
      if ← c.under levels (depth + 1) rest a b' then return true
      levels.set before
      c.under levels (depth + 1) rest a b
    | none, some b' =>
      if ← c.under levels (depth + 1) rest a b' then return true
      levels.set before
      c.under levels (depth + 1) rest a b
    | some a', none =>
      if ← c.under levels (depth + 1) rest a' b then return true
      levels.set before
      c.under levels (depth + 1) rest a b
    | none, none => c.under levels (depth + 1) rest a b
  | _ => return false
where
  takes (e type x : Expr) : IO (Option Expr) := do
    if !(← c.spend) then return none
    match e with
    | .forallE _ t body _ | .lam _ t body _ =>
      let here ← levels.get
      let quiet ← c.why.get
      let same ← c.term levels type t
      levels.set here
      c.why.set quiet
      if same then return some (body.instantiate1 x) else return none
    | _ => return none

def isTheorem : ConstantInfo → Bool
  | .thmInfo _ => true
  | _ => false

/-- Whether a definition is nothing but a hole. -/
def isHole : Expr → Bool
  | .lam _ _ b _ => isHole b
  | .mdata _ e => isHole e
  | e => e.getAppFn.isConstOf ``sorryAx

/-- Whether a constant is the one that was asked; else the first difference. -/
def Compare.answers? (c : Compare) (vars : Expr) (n m : Name) : IO Bool := do
  match c.asked.env.lookUp n, c.given.env.lookUp m with
  | some a, some b => do
    let refused := match c.given.refusal m with
      | some _ => true
      | none => false
    if isTheorem a && !isTheorem b && !refused then
      return ← c.differ "it is a definition, not a theorem"
    match a, b with
    | .thmInfo _, _ | .defnInfo _, .thmInfo _ | .defnInfo _, .defnInfo _ | .defnInfo _, .axiomInfo _
    | .opaqueInfo _, .opaqueInfo _ | .opaqueInfo _, .defnInfo _ | .axiomInfo _, _ => do
      let levels : Levels ← ST.mkRef ([] : List (Name × Name))
      let same ← c.under levels 0 vars a.type b.type
      if ← c.open'.get then c.answers.modify fun ns => n :: ns
      let more ← match a, b with
        | .defnInfo v, .defnInfo w =>
          if same && !isHole v.value then c.under levels 0 vars v.value w.value else pure same
        | _, _ => pure same
      if same && more then return true
      c.differ (if same then "its value is another one" else "its type is another one")
    | _, _ => c.constant n m
  | _, _ => c.differ "it is not there"

/-! ## The table of nodes -/

structure Judge where
  nodes : Array (Option (Node × Memo (List Ground))) := #[]
  /-- Environments by the imports they hold: importing again would cost the memory again. -/
  bases : List (String × Nat) := []
--#if embedded
  /-- The modules of `Init`, if they have been read: whatever else is imported goes on from them. -/
  init : Option ImportState := none
--#endif

abbrev JudgeRef := IO.Ref Judge

def addNode (ref : JudgeRef) (node : Node) (library : Memo (List Ground)) : IO Nat := do
  let judge ← ref.get
  ref.set { judge with nodes := judge.nodes.push (some (node, library)) }
  return judge.nodes.size

def getNode (ref : JudgeRef) (id : Nat) : IO (Node × Memo (List Ground)) := do
  let judge ← ref.get
  if h : id < judge.nodes.size then
    match judge.nodes[id] with
    | some node => return node
    | none => malformed "node"
  else malformed "node"

partial def readImports (rows : Array Json) (i : Nat) (acc : Array Import) : IO (Array Import) := do
  if h : i < rows.size then
    let items ← jsonArray rows[i]
    let module ← jsonName (← itemAt items 0)
    let importAll ← jsonBool (← itemAt items 1)
    let isExported ← jsonBool (← itemAt items 2)
    let isMeta ← jsonBool (← itemAt items 3)
--#if lean >= 4.24
    readImports rows (i + 1) (acc.push { module, importAll, isExported, isMeta })
--#else
--    let _ := (importAll, isExported, isMeta)
--    readImports rows (i + 1) (acc.push { module })
--#endif
  else return acc

def baseId (key : String) : List (String × Nat) → Option Nat
  | [] => none
  | (k, id) :: rest => if k == key then some id else baseId key rest

--#if embedded
/-- The environment of some modules; which of them have been read makes no difference to it. -/
def importAnew (judge : Judge) (imports : Array Import) : IO Environment :=
  match judge.init, imports[0]? with
  | some init, some first =>
    if first.module == `Init then do
      let (_, read) ← (importModulesCore imports).run init
      finalizeImport read imports {} 0 false false
    else importModules imports {} (trustLevel := 0)
  | _, _ => importModules imports {} (trustLevel := 0)
--#else
--def importAnew (_ : Judge) (imports : Array Import) : IO Environment :=
--  importModules imports {} (trustLevel := 0)
--#endif

def importAnswer (ref : JudgeRef) (rows : Json) : IO String := do
  let key := rows.compress
  match baseId key (← ref.get).bases with
  | some id => return field "node" (toString id)
  | none => do
    let imports ← readImports (← jsonArray rows) 0 #[]
    let env ← importAnew (← ref.get) imports
    if !env.knows ``Nat.gcd then
      throw (IO.userError "a text without Init defines anew what the kernel takes for granted")
    let id ← addNode ref { env } (← newMemo (List Ground))
    ref.modify fun judge => { judge with bases := (key, id) :: judge.bases }
    return field "node" (toString id)

def refusedJson : List Refused → List String
  | [] => []
  | r :: rs => array [nameJson r.name, quote r.why] :: refusedJson rs

/-- Reads segments one after the other, each on top of the one before, or beside what follows. -/
partial def readSegments (ref : JudgeRef) (library : Memo (List Ground)) (rows : Array Json)
    (i : Nat) (r : Reader) (node : Node) (ids : List String) (last : Node) :
    IO (List String × Node) := do
  if h : i < rows.size then
    let r ← readTables rows[i] r
    let after ← readDecls r (← jsonArray (← jsonField rows[i] "decls")) 0 node
    let id ← addNode ref after library
    let beside ← jsonBool (← jsonField rows[i] "beside")
    let next := if beside then { node with refused := after.refused } else after
    readSegments ref library rows (i + 1) r next (toString id :: ids) next
  else return (ids, last)

def reverse : List String → List String → List String
  | [], acc => acc
  | x :: xs, acc => reverse xs (x :: acc)

def readAnswer (ref : JudgeRef) (req : Json) : IO String := do
  let (node, library) ← getNode ref (← jsonNat (← jsonField req "node"))
  let rows ← jsonArray (← jsonField req "segments")
  let (ids, last) ← readSegments ref library rows 0 {} node [] node
  return field "nodes" (array (reverse ids [])) ++ field "refused" (array (refusedJson last.refused))

structure Grounds where
  axioms : List Name := []
  opened : List Name := []
  refused : List Name := []
  unknown : List Name := []

def sortGrounds : List Ground → Grounds → Grounds
  | [], acc => acc
  | .ax n :: rest, acc => sortGrounds rest { acc with axioms := n :: acc.axioms }
  | .open' n :: rest, acc => sortGrounds rest { acc with opened := n :: acc.opened }
  | .refused n :: rest, acc => sortGrounds rest { acc with refused := n :: acc.refused }
  | .unknown n :: rest, acc => sortGrounds rest { acc with unknown := n :: acc.unknown }

def groundsJson (node : Node) (grounds : List Ground) : String :=
  let g := sortGrounds grounds {}
  field "axioms" (array (namesJson g.axioms)) ++ field "open" (array (namesJson g.opened))
    ++ field "refused" (array (whys g.refused)) ++ field "unknown" (array (namesJson g.unknown))
where
  whys : List Name → List String
    | [] => []
    | n :: ns =>
      let why := match node.refusal n with
        | some r => r.why
        | none => ""
      array [nameJson n, quote why] :: whys ns

partial def namesIn (items : Array Json) (i : Nat) : IO (List Name) := do
  if h : i < items.size then
    let one ← jsonName items[i]
    let rest ← namesIn items (i + 1)
    return one :: rest
  else return []

def fuelOfComparison : Nat := 2000000

/-- `∀ variables, True` as a table with one term. -/
def readVars (j : Json) : IO Expr := do
  match j with
  | .null => return mkConst ``True
  | j => do
    let r ← readTables j {}
    exprAt r.exprs (← jsonNat (← jsonField j "term"))

def memoOf (id : Nat) : List (Nat × Memo (List Ground)) → Option (Memo (List Ground))
  | [] => none
  | (i, memo) :: rest => if i == id then some memo else memoOf id rest

/-- One question: what the constants `names` of the node rest on together, and, with `asked`,
whether `name` is what that is. -/
def question (ref : JudgeRef) (memos : IO.Ref (List (Nat × Memo (List Ground)))) (j : Json) :
    IO String := do
  let id ← jsonNat (← jsonField j "given")
  let (node, library) ← getNode ref id
  let name ← jsonName (← jsonField j "name")
  let names ← namesIn (← jsonArray (← jsonField j "names")) 0
  let here ← match memoOf id (← memos.get) with
    | some memo => pure memo
    | none => do
      let memo ← newMemo (List Ground)
      memos.modify fun ms => (id, memo) :: ms
      pure memo
  let grounds ← restOnAll node library here (name :: names) []
  let theorem' := match node.env.lookUp name with
    | some info => isTheorem info
    | none => false
  let there := node.env.knows name
  let compared ← match ← jsonField j "asked" with
    | .null => pure (field "same" "null" ++ field "why" (quote "") ++ field "answers" "[]")
    | asked => do
      let (trusted, _) ← getNode ref (← jsonNat (← jsonField asked "node"))
      let target ← jsonName (← jsonField asked "name")
      let vars ← readVars (← jsonField asked "vars")
      let c : Compare :=
        { asked := trusted, given := node, pairs := ← ST.mkRef ([] : List (Name × Name)),
          answers := ← ST.mkRef ([] : List Name), open' := ← ST.mkRef false, why := ← ST.mkRef "",
          fuel := ← ST.mkRef fuelOfComparison }
      let same ← c.answers? vars target name
      let why ← c.why.get
      let answers ← c.answers.get
      pure (field "same" (bool same) ++ field "why" (quote (if same then "" else why))
        ++ field "answers" (array (namesJson answers)))
  return "{\"there\":" ++ bool there ++ field "theorem" (bool theorem') ++ groundsJson node grounds
    ++ compared ++ "}"

partial def questions (ref : JudgeRef) (memos : IO.Ref (List (Nat × Memo (List Ground))))
    (items : Array Json) (i : Nat) : IO (List String) := do
  if h : i < items.size then
    let one ← question ref memos items[i]
    let rest ← questions ref memos items (i + 1)
    return one :: rest
  else return []

def judgeAnswer (ref : JudgeRef) (req : Json) : IO String := do
  let memos ← ST.mkRef ([] : List (Nat × Memo (List Ground)))
  let found ← questions ref memos (← jsonArray (← jsonField req "questions")) 0
  return field "answers" (array found)

partial def freeNodes (items : Array Json) (i : Nat) (judge : Judge) : IO Judge := do
  if h : i < items.size then
    let id ← jsonNat items[i]
    freeNodes items (i + 1) { judge with nodes := judge.nodes.set! id none }
  else return judge

def freeAnswer (ref : JudgeRef) (req : Json) : IO String := do
  let judge ← freeNodes (← jsonArray (← jsonField req "nodes")) 0 (← ref.get)
  ref.set judge
  return ""

/-! ## The loop -/

def answer (ref : JudgeRef) (req : Json) : IO String := do
  match ← jsonStr (← jsonField req "cmd") with
  | "import" => importAnswer ref (← jsonField req "imports")
  | "read" => readAnswer ref req
  | "judge" => judgeAnswer ref req
  | "free" => freeAnswer ref req
  | other => malformed ("command " ++ other)

def serve (ref : JudgeRef) (word line : String) (out : IO.FS.Stream) : IO Bool := do
  let t0 ← IO.monoNanosNow
  match Json.parse line with
  | .error e => do
    out.putStr (word ++ " {\"id\":-1,\"ok\":false,\"kind\":\"request\",\"message\":" ++ quote e ++ "}\n")
    out.flush
    return true
  | .ok req => do
    let id := match req.getObjVal? "id" with
      | .ok (.num n) => toString n
      | _ => "-1"
    match req.getObjVal? "cmd" with
    | .ok (.str "stop") => return false
    | _ => do
      let body ← match ← EIO.toIO' (answer ref req) with
        | .ok fields => pure (field "ok" "true" ++ fields)
        | .error e =>
          pure (field "ok" "false" ++ field "kind" (quote "malformed")
            ++ field "message" (quote (toString e)))
      let t1 ← IO.monoNanosNow
      let spent := field "heartbeats" "0" ++ field "us" (toString ((t1 - t0) / 1000))
      out.putStr (word ++ " {\"id\":" ++ id ++ spent ++ body ++ "}\n")
      out.flush
      return true

partial def loop (ref : JudgeRef) (word : String) (input out : IO.FS.Stream) : IO Unit := do
  let line ← input.getLine
  if line == "" then return ()
  if ← serve ref word line out then loop ref word input out else return ()

def start (ref : JudgeRef) : IO Unit := do
  let input ← IO.getStdin
  let word ← match (← input.getLine).splitOn "\n" with
    | word :: _ => pure word
    | [] => pure ""
  if word == "" then return ()
  let out ← IO.getStdout
  out.putStr (word ++ " {\"id\":0,\"ok\":true,\"version\":" ++ quote Lean.versionString ++ "}\n")
  out.flush
  loop ref word input out

end Judge

--#if lean >= 4.22
public
--#endif
def main : IO UInt32 := do
  initSearchPath (← findSysroot)
  Judge.start (← ST.mkRef {})
  return 0

--#if embedded
/-- What an image of the memory holds: the program, and what a text without imports sees. The modules
of `init` have been read for it, and those that this program imports. -/
public
def prepared (init _own : ImportState) : IO (IO Unit) := do
  initSearchPath (← findSysroot)
  let ref ← ST.mkRef { init := some init }
  let _ ← Judge.importAnswer ref
    (.arr #[.arr #[.arr #[.str "Init"], .bool false, .bool true, .bool false]])
  return Judge.start ref
--#endif
