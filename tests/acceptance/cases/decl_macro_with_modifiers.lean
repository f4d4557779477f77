/-
kind: declarations passed over
title: a syntax for lemmas with modifiers, by `macro_rules`
-/
--- check: good refused, two proved
syntax (name := lemma') declModifiers "lemma " declId ppIndent(declSig) declVal : command
macro_rules
  | `($mods:declModifiers lemma $id:declId $sig:declSig $val:declVal) =>
    `($mods:declModifiers theorem $id $sig $val)
/-- Not what it seems: theorem two -/
lemma good : 1 = 2 := by sorry
@[simp] lemma two : 1 + 1 = 2 := rfl
--- check: proved
syntax (name := lemma') declModifiers "lemma " declId ppIndent(declSig) declVal : command
macro_rules
  | `($mods:declModifiers lemma $id:declId $sig:declSig $val:declVal) =>
    `($mods:declModifiers theorem $id $sig $val)
/-- Not what it seems: theorem two -/
private lemma good : 1 = 1 := by rfl
@[simp] lemma two : 1 + 1 = 2 := rfl
