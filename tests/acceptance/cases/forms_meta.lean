/-
kind: declarations of every form
title: programs beside theorems
-/
--- check: proved
import Lean
open Lean Elab Command
def hello : CommandElabM Unit := pure ()
def world : MetaM Expr := pure (mkNatLit 3)
theorem t : 1 = 1 := rfl
--- check: u refused, t proved
import Lean
open Lean Elab Command
def hello : CommandElabM Unit := pure ()
theorem t : 1 = 1 := rfl
theorem u : 1 = 2 := sorry
