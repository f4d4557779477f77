/-
kind: what a proof may hold
title: a certificate that is read from a file
-/
--- header
import Std.Tactic.BVDecide
--- statement
theorem t (x : BitVec 4) : x &&& x = x
--- proof: refused
bv_check "/etc/passwd"
--- proof: proved
simp
