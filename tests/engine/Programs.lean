/-!
Small programs and what is to be said of them: thirty holes, all of them true.
-/

/-! Binary numerals, the lowest digit outside -/

inductive Bin where
  | zero
  | even (half : Bin)
  | odd (half : Bin)

namespace Bin

def value : Bin → Nat
  | zero => 0
  | even b => 2 * b.value
  | odd b => 2 * b.value + 1

def next : Bin → Bin
  | zero => odd zero
  | even b => odd b
  | odd b => even b.next

theorem value_next (b : Bin) : b.next.value = b.value + 1 := by
  sorry

def digits : Bin → Nat
  | zero => 0
  | even b => b.digits + 1
  | odd b => b.digits + 1

theorem digits_le_next (b : Bin) : b.digits ≤ b.next.digits := by
  sorry

theorem next_ne_zero (b : Bin) : b.next ≠ zero := by
  sorry

end Bin

/-! A queue of two lists -/

structure Queue (α : Type) where
  front : List α
  back : List α

namespace Queue

variable {α : Type}

def toList (q : Queue α) : List α := q.front ++ q.back.reverse

def push (q : Queue α) (x : α) : Queue α := ⟨q.front, x :: q.back⟩

def pop (q : Queue α) : Option (α × Queue α) :=
  match q.front with
  | x :: rest => some (x, ⟨rest, q.back⟩)
  | [] =>
    match q.back.reverse with
    | x :: rest => some (x, ⟨rest, []⟩)
    | [] => none

def size (q : Queue α) : Nat := q.front.length + q.back.length

theorem toList_push (q : Queue α) (x : α) : (q.push x).toList = q.toList ++ [x] := by
  sorry

theorem size_push (q : Queue α) (x : α) : (q.push x).size = q.size + 1 := by sorry

theorem size_eq (q : Queue α) : q.size = q.toList.length := by
  sorry

theorem pop_eq_none (q : Queue α) (h : q.pop = none) : q.toList = [] := by
  sorry

end Queue

/-! Association lists -/

section Lookup

variable {κ ν : Type} [DecidableEq κ]

def find (k : κ) : List (κ × ν) → Option ν
  | [] => none
  | (k', v) :: rest => if k = k' then some v else find k rest

def put (k : κ) (v : ν) : List (κ × ν) → List (κ × ν)
  | [] => [(k, v)]
  | (k', w) :: rest => if k = k' then (k, v) :: rest else (k', w) :: put k v rest

def drop (k : κ) : List (κ × ν) → List (κ × ν)
  | [] => []
  | (k', v) :: rest => if k = k' then drop k rest else (k', v) :: drop k rest

theorem find_put (k : κ) (v : ν) (l : List (κ × ν)) : find k (put k v l) = some v := by
  sorry

theorem find_put_other (k k' : κ) (v : ν) (l : List (κ × ν)) (h : k ≠ k') :
    find k (put k' v l) = find k l := by
  sorry

theorem find_drop (k : κ) (l : List (κ × ν)) : find k (drop k l) = none := by
  sorry

theorem drop_drop (k : κ) (l : List (κ × ν)) : drop k (drop k l) = drop k l := by
  sorry

end Lookup

/-! Traffic lights, and days -/

inductive Light | red | green | amber
  deriving DecidableEq

def Light.turn : Light → Light
  | red => green
  | green => amber
  | amber => red

theorem turn_thrice (l : Light) : l.turn.turn.turn = l := by
  sorry

theorem turn_injective (a b : Light) (h : a.turn = b.turn) : a = b := by
  sorry

/-! Formulas over one variable at a time -/

inductive Formula where
  | atom (n : Nat)
  | neg (p : Formula)
  | both (p q : Formula)
  | either (p q : Formula)

namespace Formula

def holds (v : Nat → Bool) : Formula → Bool
  | atom n => v n
  | neg p => !p.holds v
  | both p q => p.holds v && q.holds v
  | either p q => p.holds v || q.holds v

mutual
def pushed : Formula → Formula
  | atom n => atom n
  | neg p => p.denied
  | both p q => both p.pushed q.pushed
  | either p q => either p.pushed q.pushed
def denied : Formula → Formula
  | atom n => neg (atom n)
  | neg p => p.pushed
  | both p q => either p.denied q.denied
  | either p q => both p.denied q.denied
end

def swap : Formula → Formula
  | atom n => atom n
  | neg p => neg p.swap
  | both p q => both q.swap p.swap
  | either p q => either q.swap p.swap

theorem holds_swap (v : Nat → Bool) (p : Formula) : p.swap.holds v = p.holds v := by
  sorry

theorem swap_swap (p : Formula) : p.swap.swap = p := by
  sorry

def connectives : Formula → Nat
  | atom _ => 0
  | neg p => p.connectives + 1
  | both p q => p.connectives + q.connectives + 1
  | either p q => p.connectives + q.connectives + 1

theorem connectives_swap (p : Formula) : p.swap.connectives = p.connectives := by
  sorry

theorem holds_of_holds_both (v : Nat → Bool) (p q : Formula) (h : (both p q).holds v = true) :
    (both q p).holds v = true := by
  sorry

end Formula

/-! Sums and powers with and without an accumulator -/

def total : List Nat → Nat
  | [] => 0
  | n :: rest => n + total rest

def totalOnto (acc : Nat) : List Nat → Nat
  | [] => acc
  | n :: rest => totalOnto (acc + n) rest

theorem totalOnto_eq (l : List Nat) (acc : Nat) : totalOnto acc l = acc + total l := by
  sorry

theorem total_append (k l : List Nat) : total (k ++ l) = total k + total l := by
  sorry

theorem total_reverse (l : List Nat) : total l.reverse = total l := by
  sorry

def triangle : Nat → Nat
  | 0 => 0
  | n + 1 => triangle n + (n + 1)

theorem two_triangle (n : Nat) : 2 * triangle n = n * (n + 1) := by
  sorry

def countdown : Nat → List Nat
  | 0 => []
  | n + 1 => n :: countdown n

theorem length_countdown (n : Nat) : (countdown n).length = n := by
  sorry

theorem lt_of_mem_countdown (n k : Nat) (h : k ∈ countdown n) : k < n := by
  sorry

/-! Interleaving -/

def weave {α : Type} : List α → List α → List α
  | [], l => l
  | x :: k, l => x :: weave l k
termination_by k l => k.length + l.length

theorem length_weave {α : Type} (k l : List α) : (weave k l).length = k.length + l.length := by
  sorry

/-! Reachability, as a predicate -/

inductive Steps (step : Nat → Nat) : Nat → Nat → Prop where
  | stop (n : Nat) : Steps step n n
  | go (n k : Nat) (rest : Steps step (step n) k) : Steps step n k

theorem Steps.trans {step : Nat → Nat} {a b c : Nat} (h : Steps step a b) (k : Steps step b c) :
    Steps step a c := by
  sorry

inductive Odd' : Nat → Prop where
  | one : Odd' 1
  | more (n : Nat) (h : Odd' n) : Odd' (n + 2)

theorem Odd'.eq {n : Nat} (h : Odd' n) : ∃ k, n = 2 * k + 1 := by
  sorry

theorem not_odd_two : ¬ Odd' 2 := by
  sorry

/-! Intervals, with an instance -/

structure Interval where
  low : Int
  high : Int
  ordered : low ≤ high

namespace Interval

def width (i : Interval) : Int := i.high - i.low

def shift (i : Interval) (d : Int) : Interval := ⟨i.low + d, i.high + d, by have := i.ordered; omega⟩

instance : Add Interval :=
  ⟨fun i j => ⟨i.low + j.low, i.high + j.high, by have := i.ordered; have := j.ordered; omega⟩⟩

theorem width_shift (i : Interval) (d : Int) : (i.shift d).width = i.width := by
  sorry

theorem width_nonneg (i : Interval) : 0 ≤ i.width := by
  sorry

theorem shift_shift (i : Interval) (a b : Int) : (i.shift a).shift b = i.shift (a + b) := by
  sorry

theorem add_comm (i j : Interval) : i + j = j + i := by
  sorry

end Interval
