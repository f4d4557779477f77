"""From the tree of a sentence to what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lark import Token, Tree

from prover.informal.language.errors import NotUnderstood
from prover.informal.language.parse import Node, node, nodes, place_of, words_of
from prover.informal.language.terms import (
    RELATIONS,
    Expr,
    Printer,
    Unreadable,
    bound,
    conjunction,
    disjunction,
    free,
    kind_of,
    num,
    var,
)
from prover.informal.language.tokens import Source

Names = list[tuple[str, str]]
Known = Mapping[str, str]

COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
POWERS = {"square": 2, "cube": 3}


@dataclass
class Declared:
    """What a declaration brings: names with their kinds, and what is said about them."""

    names: Names = field(default_factory=list)
    conditions: list[Expr] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)
    typed: bool = True

    @property
    def kinds(self) -> dict[str, str]:
        return dict(self.names)


class Meaning:
    """What the formulas and propositions of one text say. With `implicit`, a variable that nobody
    introduced is taken for a natural number and noted in `assumed`."""

    def __init__(self, source: Source, *, implicit: bool = False, real: bool = False) -> None:
        self.source = source
        self.implicit = implicit
        self.real = real
        self.assumed: dict[str, str] = {}
        self.types: dict[str, None] = {}
        self.meant: list[Expr] = []
        """What a word means that says something of all things: its variables are nobody's."""

    def error(self, tree: Node, why: str, nearest: str = "") -> NotUnderstood:
        first, last = place_of(tree)
        return self.source.error(why, first, last, nearest)

    def check(self, e: Expr, scope: Known, tree: Node) -> Expr:
        """The proposition, if Lean can say it."""
        try:
            Printer().lean(e, scope)
        except Unreadable as error:
            raise self.error(tree, str(error)) from None
        return e

    # Declarations

    def declared(self, tree: Node, scope: Known) -> Declared:
        """What `decl` and `decl_be` introduce; conditions may mention what was introduced before."""
        names = self.names(node(tree, "names") or tree)
        first, last = place_of(tree)
        kind, typed = "Nat", True
        conditions: list[Expr] = []
        sets = [str(c) for c in tree.children if isinstance(c, Token) and c.type == "SET"]
        match tree.data:
            case "function":
                kind = " → ".join(self.of_set(s, tree) for s in sets)
            case "in_set":
                kind = self.of_set(sets[0], tree)
            case "typed":
                of = [n for n in nodes(tree) if n.data in NOUNS]
                kind, conditions = self.kind(nodes(tree, "kind")[0], names, of)
            case "bounded" | "known":
                typed = False
                kinds = [scope.get(n, "") for n in names]
                kind = next((k for k in kinds if k), "") or (
                    "Nat" if tree.data == "bounded" else ""
                )
        own = [(n, kind) for n in names]
        inner = {**scope, **dict(own)}
        for tail in nodes(tree, "tail"):
            chain = Tree("chain", [self.name_node(tree, names[-1]), *tail.children], tail.meta)
            conditions += self.chain(chain, inner)
        return Declared(own, conditions, (first, last), typed)

    def name_node(self, tree: Node, name: str) -> Node:
        return Tree("var", [Token("NAME", name)], (node(tree, "names") or tree).meta)

    def names(self, tree: Node) -> list[str]:
        return [self.name(one) for one in nodes(tree, "name")]

    def name(self, tree: Node) -> str:
        sub = node(tree, "number", "var", "braced")
        own = words_of(tree)
        base = own[0] if own else "a"
        if sub is None:
            return base
        inner = next((str(t) for t in sub.scan_values(lambda t: isinstance(t, Token))), "")
        return f"{base}_{inner}"

    def of_set(self, name: str, tree: Node) -> str:
        if name == "Real" and not self.real:
            raise self.error(tree, "real numbers need Mathlib: write `header: import Mathlib`")
        return name

    def kind(self, tree: Node, names: list[str], of: list[Node]) -> tuple[str, list[Expr]]:
        adjectives = [w for a in nodes(tree, "adjective") for w in words_of(a)]
        noun = next(n for n in nodes(tree) if n.data != "adjective")
        kind = self.noun(noun)
        if of and kind in ("List α", "Set α"):
            kind = kind.replace("α", self.noun(of[0]))
        if kind == "Int" and ("positive" in adjectives or "nonnegative" in adjectives):
            kind = "Nat"
            adjectives = [a for a in adjectives if a != "nonnegative"]
        if kind == "Prop":
            return kind, []
        return kind, [
            self.adjective(one, var(name))
            for name in names
            for one in adjectives
            if one not in ("arbitrary", *COUNTS)
        ]

    def noun(self, tree: Node) -> str:
        inner = nodes(tree)
        of = self.noun(inner[0]) if inner else ""
        sets = [self.of_set(str(c), tree) for c in tree.children if isinstance(c, Token)]
        match tree.data:
            case "nat" | "number":
                return "Nat"
            case "int":
                return "Int"
            case "rat":
                return "Rat"
            case "real":
                return self.of_set("Real", tree)
            case "list" | "set":
                if not of:
                    self.types["α"] = None
                return f"{tree.data.capitalize()} {of or 'α'}"
            case "map":
                return " → ".join(sets) if sets else "Nat → Nat"
            case "proposition":
                return "Prop"
        raise self.error(tree, "what kind of thing this is cannot be read")

    def adjective(self, word: str, x: Expr) -> Expr:
        match word:
            case "even" | "odd":
                return Expr(word, (x,))
            case "positive":
                return Expr("lt", (num(0), x))
            case "negative":
                return Expr("lt", (x, num(0)))
            case "nonnegative":
                return Expr("le", (num(0), x))
            case "nonzero":
                return Expr("ne", (x, num(0)))
            case "zero":
                return Expr("eq", (x, num(0)))
            case "prime":
                d = "d" if x != var("d") else "e"
                divides = Expr("dvd", (var(d), x))
                trivial = disjunction([Expr("eq", (var(d), num(1))), Expr("eq", (var(d), x))])
                every = Expr("all", (Expr("imp", (divides, trivial)),), d, "Nat")
                return conjunction([Expr("le", (num(2), x)), every])
        raise AssertionError(word)

    def quantified(self, tree: Node, scope: Known) -> tuple[list[Declared], dict[str, str]]:
        """The declarations of `decls`, and the scope inside."""
        inner = dict(scope)
        found = []
        for one in nodes(tree):
            found.append(self.declared(one, inner))
            inner.update(found[-1].kinds)
        return found, inner

    # Propositions

    def props(self, tree: Node, scope: Known) -> list[Expr]:
        return [self.prop(one, scope) for one in nodes(tree)]

    def such(self, tree: Node | None, scope: Known) -> list[Expr]:
        return self.props(nodes(tree, "props")[0], scope) if tree is not None else []

    def prop(self, tree: Node, scope: Known) -> Expr:
        below = nodes(tree)
        match tree.data:
            case "forall" | "forall_after":
                found, inner = self.quantified(nodes(tree, "decls")[0], scope)
                after = next(n for n in below if n.data not in ("decls", "such", "say"))
                conditions = self.such(node(tree, "such"), inner)
                return self.universal(found, conditions, self.prop(after, inner))
            case "if_kind":
                names = self.names(nodes(tree, "names")[0])
                kind, conditions = self.kind(nodes(tree, "kind")[0], names, [])
                found = [Declared([(n, kind) for n in names], conditions)]
                inner = {**scope, **found[0].kinds}
                conditions = self.such(node(tree, "such"), inner)
                after = next(n for n in below if n.data not in ("names", "kind", "such", "say"))
                return self.universal(found, conditions, self.prop(after, inner))
            case "imp":
                first, second = (n for n in below if n.data != "say")
                return Expr("imp", (self.prop(first, scope), self.prop(second, scope)))
            case "imp_back":
                return Expr("imp", (self.prop(below[1], scope), self.prop(below[0], scope)))
            case "iff" | "and" | "or":
                return Expr(tree.data, tuple(self.prop(one, scope) for one in below))
            case "not":
                return Expr("not", (self.prop(below[-1], scope),))
            case "ex" | "no" | "ex_after" | "is_some":
                return self.existence(tree, scope)
            case "can_be":
                return self.can_be(tree, scope)
            case "exists":
                return self.prop(below[0], scope)
            case "is":
                x = self.subject(below[0], scope)
                return self.check(self.predicates(below[1], x, scope), scope, tree)
            case "is_term":
                x, y = self.subject(below[0], scope), self.term(below[1], scope)
                return self.check(Expr("eq", (x, y)), scope, tree)
            case "are":
                each = [self.subject(one, scope) for one in nodes(below[0])]
                return conjunction([self.predicates(below[1], x, scope) for x in each])
            case "any_power" | "any_two" | "any_one":
                return self.anonymous(tree, scope)
            case "chain":
                links = self.chain(tree, scope)
                return links[0] if len(links) == 1 else Expr("and", tuple(links))
            case "formula":
                return self.prop(below[0], scope)
        raise self.error(tree, "this says nothing that can be true or false")

    def universal(self, found: list[Declared], conditions: list[Expr], body: Expr) -> Expr:
        given = [c for one in found for c in one.conditions] + conditions
        for condition in reversed(given):
            body = Expr("imp", (condition, body))
        return bound("all", [n for one in found for n in one.names], body)

    def existence(self, tree: Node, scope: Known) -> Expr:
        found, inner = self.quantified(nodes(tree, "decls")[0], scope)
        such = self.such(node(tree, "such"), inner)
        others = [n for n in nodes(tree) if n.data not in ("decls", "such", "there")]
        if tree.data == "is_some":
            x = self.subject(others[0], inner)
            such = [self.predicate(others[1], x, inner), *such]
        elif others:
            such = [self.prop(others[0], inner), *such]
        given = [c for one in found for c in one.conditions]
        body = conjunction([*given, *such])
        names = []
        for one in found:
            bare = not one.typed and not any(name in scope for name in one.kinds)
            known = {n: kind for n, kind in inner.items() if n not in one.kinds}
            whole = bare and any(_integral(body, name, known) for name in one.kinds)
            names += [(n, "Int" if whole else kind) for n, kind in one.names]
        e = bound("ex", names, body)
        return Expr("not", (e,)) if tree.data == "no" else e

    def can_be(self, tree: Node, scope: Known) -> Expr:
        first = next(n for n in nodes(tree) if n.data not in ("such", "can", "decls"))
        outer = self.declared(first, scope)
        inner = {**scope, **outer.kinds}
        found, inmost = self.quantified(nodes(tree, "decls")[0], inner)
        formula = self.prop(nodes(nodes(tree, "can")[0])[0], inmost)
        given = [c for one in found for c in one.conditions]
        names = [n for one in found for n in one.names]
        body = bound("ex", names, conjunction([*given, formula]))
        return self.universal([outer], self.such(node(tree, "such"), inner), body)

    def anonymous(self, tree: Node, scope: Known) -> Expr:
        fresh = [n for n in "nmkxyz" if n not in scope]
        predicates = nodes(tree, "predicates")[0]
        holder = nodes(tree, "two")[0] if tree.data == "any_two" else tree
        noun = next(n for n in nodes(holder) if n.data in ("nat", "int", "rat", "real", "number"))
        adjectives = [w for a in nodes(holder, "adjective") for w in words_of(a)]
        kind = "Int" if noun.data == "number" else self.noun(noun)
        conditions = []
        count = 2 if tree.data == "any_two" else 1
        if count == 2:
            given = words_of(holder)[0]
            count = COUNTS[given]
        names = fresh[:count]
        text = self.source.text[slice(*place_of(tree))].lower()
        xs: list[Expr] = [var(n) for n in names]
        if count > 1 and "consecutive" in text:
            names = names[:1]
            xs = [xs[0], *(Expr("add", (xs[0], num(i))) for i in range(1, count))]
        for x in [var(n) for n in names]:
            conditions += [
                self.adjective(a, x) for a in adjectives if a not in ("arbitrary", *COUNTS)
            ]
        inner = {**scope, **dict.fromkeys(names, kind)}
        if tree.data == "any_power":
            power = words_of(nodes(tree, "power_noun")[0])[0]
            value = Expr("pow", (xs[0], num(POWERS[power])))
        elif tree.data == "any_two":
            head = next(
                h
                for w, h in (("sum", "add"), ("product", "mul"), ("difference", "sub"))
                if w in text
            )
            value = xs[0]
            for x in xs[1:]:
                value = Expr(head, (value, x))
        else:
            value = xs[0]
        body = self.check(self.predicates(predicates, value, inner), inner, tree)
        return self.universal([Declared([(n, kind) for n in names])], conditions, body)

    def predicates(self, tree: Node, x: Expr, scope: Known) -> Expr:
        if tree.data == "predicates":
            negated = self.source.text[slice(*place_of(tree))].lower().split()[:1] == ["not"]
            some = [self.predicate(one, x, scope) for one in nodes(tree)]
            if negated:
                some[0] = Expr("not", (some[0],))
            return disjunction(some)
        if tree.data == "both_predicates":
            return conjunction([self.predicate(one, x, scope) for one in nodes(tree)])
        return self.predicate(tree, x, scope)

    def predicate(self, tree: Node, x: Expr, scope: Known) -> Expr:
        given = [self.term(one, scope) for one in nodes(tree)]
        match tree.data:
            case (
                "even"
                | "odd"
                | "positive"
                | "negative"
                | "nonnegative"
                | "nonzero"
                | "zero"
                | "prime"
            ):
                return self.adjective(str(tree.data), x)
            case "divisible":
                return Expr("dvd", (given[0], x))
            case "divisor":
                return Expr("dvd", (x, given[0]))
            case "not_divisor":
                return Expr("not", (Expr("dvd", (x, given[0])),))
            case "congruent":
                return Expr("cong", (x, given[0], given[1]))
            case "equals":
                return Expr("eq", (x, given[0]))
            case "le" | "ge" | "lt" | "gt":
                return Expr(str(tree.data), (x, given[0]))
            case "square":
                k = "k" if x != var("k") else "m"
                kind = kind_of(x, scope) or "Nat"
                body = Expr("eq", (x, Expr("pow", (var(k), num(2)))))
                return Expr("ex", (body,), k, kind)
            case "injective" | "surjective" | "increasing":
                return self.function_is(str(tree.data), x, scope, tree)
            case "form":
                return Expr("eq", (x, given[0]))
            case "member":
                return Expr("in", (x, given[0]))
            case "subset":
                return self.subset(x, given[0], scope, tree)
            case "remainder":
                return Expr("cong", (x, given[0], given[1]))
        raise self.error(tree, "this property is not known")

    def function_is(self, what: str, f: Expr, scope: Known, tree: Node) -> Expr:
        kind = kind_of(f, scope)
        if " → " not in kind:
            raise self.error(tree, f"only a function is {what}")
        first, _, second = kind.partition(" → ")

        def at(name: str) -> Expr:
            return applied(f, var(name))

        x, y = [n for n in "xyzuv" if n not in scope][:2]
        if what == "surjective":
            reached = Expr("ex", (Expr("eq", (at(x), var(y))),), x, first)
            self.meant.append(Expr("all", (reached,), y, second))
            return self.meant[-1]
        equal = Expr("eq", (at(x), at(y))), Expr("eq", (var(x), var(y)))
        less = Expr("lt", (var(x), var(y))), Expr("lt", (at(x), at(y)))
        body = Expr("imp", equal if what == "injective" else less)
        self.meant.append(bound("all", [(x, first), (y, first)], body))
        return self.meant[-1]

    def subset(self, a: Expr, b: Expr, scope: Known, tree: Node) -> Expr:
        kind = kind_of(a, scope)
        if not kind.startswith("Set "):
            raise self.error(tree, "⊆ stands between sets that were introduced")
        (x,) = [n for n in "xyzuv" if n not in scope][:1]
        body = Expr("imp", (Expr("in", (var(x), a)), Expr("in", (var(x), b))))
        self.meant.append(Expr("all", (body,), x, kind.removeprefix("Set ")))
        return self.meant[-1]

    def chain(self, tree: Node, scope: Known) -> list[Expr]:
        """The links of a chain of relations."""
        below = nodes(tree)
        modulus = None
        if below[-1].data == "modulus":
            modulus = self.term(nodes(below.pop())[0], scope)
        terms = [self.term(one, scope) for one in below[::2]]
        relations = [str(one.data) for one in below[1::2]]
        if "cong" in relations:
            if modulus is None and terms[-1].head == "mod":
                terms[-1], modulus = terms[-1].args
            if modulus is None:
                raise self.error(tree, "≡ needs its modulus: a ≡ b (mod m)")
        elif modulus is not None:
            raise self.error(tree, "a modulus belongs to ≡: a ≡ b (mod m)")
        links = []
        for left, how, right in zip(terms, relations, terms[1:], strict=False):
            if modulus is not None:
                links.append(Expr("cong", (left, right, modulus)))
            elif how == "ndvd":
                links.append(Expr("not", (Expr("dvd", (left, right)),)))
            elif how == "notin":
                links.append(Expr("not", (Expr("in", (left, right)),)))
            elif how == "sub":
                links.append(self.subset(left, right, scope, tree))
            else:
                links.append(Expr(how, (left, right)))
        return [self.check(one, {**scope, **self.assumed}, tree) for one in links]

    # Terms

    def subject(self, tree: Node, scope: Known) -> Expr:
        below = nodes(tree)
        if tree.data == "bare":
            first = next((n for n in below if n.data == "thing"), None)
            x = self.term(below[-1], scope)
            if first is not None and words_of(first)[0] == "square":
                return Expr("pow", (x, num(2)))
            return x
        if tree.data == "subject":
            return self.subject(below[0], scope)
        if tree.data == "phrase":
            return self.phrase(below[0], scope)
        return self.phrase(tree, scope) if tree.data in PHRASES else self.term(tree, scope)

    def phrase(self, tree: Node, scope: Known) -> Expr:
        below = nodes(tree)
        k = next(n for n in "kijlm" if n not in scope)
        match tree.data:
            case "sum_first":
                n = self.term(below[0], scope)
                adjectives = [w for a in nodes(tree, "adjective") for w in words_of(a)]
                i = var(k)
                twice = Expr("mul", (num(2), i))
                if adjectives == ["odd"]:
                    body = Expr("add", (twice, num(1)))
                elif adjectives == ["even"]:
                    body = Expr("add", (twice, num(2)))
                elif adjectives == ["positive"]:
                    body = Expr("add", (i, num(1)))
                elif adjectives or below[-1].data not in ("nat", "number"):
                    raise self.error(tree, "the first of these numbers are not known")
                else:
                    raise self.error(
                        tree,
                        "whether the first natural number is 0 or 1 is not said",
                        "The sum of the numbers from 1 to n is n(n+1)/2.",
                    )
                return Expr("sum", (num(0), Expr("sub", (n, num(1))), body), k)
            case "sum_first_powers":
                n = self.term(below[0], scope)
                power = POWERS[words_of(below[1])[0]]
                return Expr("sum", (num(1), n, Expr("pow", (var(k), num(power)))), k)
            case "sum_from":
                low, high = (self.term(one, scope) for one in below[-2:])
                return Expr("sum", (low, high, var(k)), k)
            case "sum_powers":
                low, high = (self.term(one, scope) for one in below[-2:])
                power = POWERS[words_of(below[0])[0]]
                return Expr("sum", (low, high, Expr("pow", (var(k), num(power)))), k)
            case "power_of":
                power = POWERS[words_of(below[0])[0]]
                return Expr("pow", (self.term(below[1], scope), num(power)))
            case "length" | "reverse":
                head = "len" if tree.data == "length" else "reverse"
                return Expr(head, (self.term(below[0], scope),))
            case "sum_of" | "product_of":
                head = "add" if tree.data == "sum_of" else "mul"
                return Expr(head, tuple(self.term(one, scope) for one in below))
            case "remainder_of":
                return Expr("mod", tuple(self.term(one, scope) for one in below))
        raise self.error(tree, "this cannot be read")

    def variable(self, name: str, tree: Node, scope: Known) -> Expr:
        if name not in scope and name not in self.assumed:
            if not self.implicit:
                raise self.error(
                    tree, f"{name} is not introduced", f"Let {name} be a natural number."
                )
            self.assumed[name] = "List Nat" if name in ("xs", "ys", "zs") else "Nat"
        return var(name)

    def term(self, tree: Node, scope: Known) -> Expr:
        below = nodes(tree)
        match tree.data:
            case "number":
                return num(str(int(words_of(tree)[0])))
            case "var":
                own = words_of(tree)
                return self.variable(own[0] if own else "a", tree, scope)
            case "braced":
                return self.term(below[0], scope)
            case "indexed":
                return self.indexed(tree, scope)
            case (
                "add"
                | "sub"
                | "mul"
                | "cons"
                | "append"
                | "mod"
                | "comp"
                | "union"
                | "inter"
                | "frac"
            ):
                return Expr(str(tree.data), tuple(self.term(one, scope) for one in below))
            case "pow":
                base, exponent = (self.term(one, scope) for one in below)
                if exponent.head == "neg":
                    raise self.error(tree, "negative powers cannot be read")
                return Expr("pow", (base, exponent))
            case "neg" | "fact":
                return Expr(str(tree.data), (self.term(below[0], scope),))
            case "floor":
                inner = self.term(below[0], scope)
                if inner.head != "frac":
                    raise self.error(tree, "⌊…⌋ is read around a fraction")
                return Expr("floor", inner.args)
            case "group":
                if len(below) > 1:
                    raise self.error(
                        tree, "pairs cannot be read; a function of this name is not known"
                    )
                return self.term(below[0], scope)
            case "juxt":
                return self.juxtaposed(tree, scope)
            case "items":
                return Expr("list", tuple(self.term(one, scope) for one in below))
            case "bars":
                inner = self.term(below[0], scope)
                is_list = kind_of(inner, {**scope, **self.assumed}).startswith("List")
                return Expr("len" if is_list else "abs", (inner,))
            case "call":
                which = self.source.text[place_of(tree)[0] :].lstrip("\\")[:3]
                return Expr(which, tuple(self.term(one, scope) for one in below))
            case "empty":
                return Expr("empty")
            case "big" | "range":
                return self.range(tree, scope)
            case "subject" | "bare" | "phrase":
                return self.subject(tree, scope)
        raise self.error(tree, "this is no term that can be read")

    def indexed(self, tree: Node, scope: Known) -> Expr:
        name, inner = words_of(tree)[0], nodes(tree)[0]
        if " → " in scope.get(name, ""):
            return applied(var(name), self.term(inner, scope))
        shown = [str(t) for t in inner.scan_values(lambda t: isinstance(t, Token))]
        if len(shown) != 1:
            raise self.error(
                tree, f"{name} is no sequence that was introduced",
                f"Let {name} be a function from ℕ to ℕ.",
            )  # fmt: skip
        return self.variable(f"{name}_{shown[0]}", tree, scope)

    def juxtaposed(self, tree: Node, scope: Known) -> Expr:
        first, second = nodes(tree)
        left = self.juxtaposed(first, scope) if first.data == "juxt" else None
        if left is None:
            left = self.term(first, scope)
        kind = kind_of(left, scope)
        if second.data == "group" and " → " in kind:
            given = [self.term(one, scope) for one in nodes(second)]
            if len(given) > kind.count(" → "):
                raise self.error(tree, "a function has more arguments here than it takes")
            return applied(left, *given)
        if left.head == "mul" and second.data == "group" and " → " in kind_of(left.args[1], scope):
            given = [self.term(one, scope) for one in nodes(second)]
            return Expr("mul", (left.args[0], applied(left.args[1], *given)))
        return Expr("mul", (left, self.term(second, scope)))

    def range(self, tree: Node, scope: Known) -> Expr:
        inner = nodes(tree)[0] if tree.data == "big" else tree
        name = words_of(inner)[0]
        low, high, body = nodes(inner)
        head = (
            "prod" if self.source.text[place_of(tree)[0] :].startswith(("\\prod", "∏")) else "sum"
        )
        return Expr(
            head,
            (
                self.term(low, scope),
                self.term(high, scope),
                self.term(body, {**scope, name: "Nat"}),
            ),
            name,
        )


NOUNS = {"nat", "int", "rat", "real", "number", "list", "set", "map", "proposition"}
PHRASES = {
    "sum_first", "sum_first_powers", "sum_from", "sum_powers", "power_of", "length", "reverse",
    "sum_of", "product_of", "remainder_of",
}  # fmt: skip


def _integral(e: Expr, name: str, scope: Known) -> bool:
    """Whether a proposition relates a name, of which nothing else is said, to integers."""
    if e.head in (*RELATIONS, "dvd", "cong"):
        return name in free(e) and "Int" in {kind_of(one, scope) for one in e.args}
    return any(_integral(one, name, scope) for one in e.args)


def applied(f: Expr, *given: Expr) -> Expr:
    """A function at arguments."""
    if f.head == "comp" and len(given) == 1:
        return applied(f.args[0], applied(f.args[1], *given))
    if f.head == "app":
        return Expr("app", (*f.args, *given))
    return Expr("app", (f, *given))
