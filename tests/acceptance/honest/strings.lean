theorem five_letters : "hello".length = 5 := by decide

theorem unicode : "é∀𝔸 -- no comment /- neither".length = 28 := by decide

theorem chars : 'a' ≠ 'b' := by decide

theorem escaped : "a\"b\\".length = 4 := by decide

theorem raw : r#"a "quoted" theorem"#.length = 18 := by decide

theorem joined (s : String) : s!"{s}" = toString s := rfl
