// The live view of a search, for anywidget: one module, no dependency, no network.
//
// Traits: `graph` (as a trace has it), `selected` (the name of a goal), `answer` (what the last request
// said: a text, or {text, tactics}), `saved` (the class of the same tree without this view, which is
// hidden while this one is there). Messages: {do: "run"|"suggest"|"premises"|"prove", goal, tactic}.
//
// Only rows in sight are drawn. What is open is kept by the way to a row, so it stays open while the
// graph grows. All text is set as text.

const ROW = 24; // height of a row in pixels, as in STYLE
const INDENT = 14;
const DEEPEST_INDENT = 40;
const MARKS = { proved: "✓", failed: "✗", open: "○" };
const RANKS = { proved: 0, open: 1, failed: 2 };

const STYLE = `
.prover-tree { --ink: var(--jp-ui-font-color1, var(--vscode-editor-foreground, currentColor));
  --good: color-mix(in srgb, #1f9d4d 78%, var(--ink)); --bad: color-mix(in srgb, #d43c3c 78%, var(--ink));
  --accent: var(--jp-brand-color1, var(--vscode-focusBorder, #4a7fd0));
  --soft: color-mix(in srgb, var(--ink) 66%, transparent);
  --line: color-mix(in srgb, var(--ink) 20%, transparent);
  --wash: color-mix(in srgb, var(--ink) 6%, transparent);
  --mono: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, "DejaVu Sans Mono",
  Menlo, Consolas, monospace));
  color: var(--ink); font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif);
  border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.prover-tree * { box-sizing: border-box; }
.prover-tree header { padding: .35em .8em; border-bottom: 1px solid var(--line); color: var(--soft); }
.prover-tree .sides { display: flex; flex-wrap: wrap; }
.prover-tree .rows { flex: 3 1 26rem; min-width: 0; height: 27rem; overflow: auto; position: relative;
  border-right: 1px solid var(--line); }
.prover-tree .rows:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.prover-tree .row { position: absolute; left: 0; right: 0; height: ${ROW}px; line-height: ${ROW}px;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; cursor: pointer; padding-right: .6em; }
.prover-tree .row:hover { background: var(--wash); }
.prover-tree .row.won { box-shadow: inset 3px 0 var(--good);
  background: color-mix(in srgb, #1f9d4d 9%, transparent); }
.prover-tree .row.won .tactic { font-weight: 700; }
.prover-tree .row[aria-selected=true] { background: color-mix(in srgb, var(--accent) 24%, transparent); }
.prover-tree .row > span { margin-right: .5em; pointer-events: none; }
.prover-tree .fold { display: inline-block; width: 1em; text-align: center; color: var(--soft); }
.prover-tree .tactic, .prover-tree .goal, .prover-tree pre, .prover-tree input { font-family: var(--mono);
  font-size: 12px; }
.prover-tree .row .goal { opacity: .85; }
.prover-tree .arrow, .prover-tree .figures { color: var(--soft); font-size: 11.5px; }
.prover-tree .proved { color: var(--good); } .prover-tree .failed { color: var(--bad); }
.prover-tree .open { color: var(--soft); }
.prover-tree .detail { flex: 2 1 20rem; min-width: 0; height: 27rem; display: flex;
  flex-direction: column; }
.prover-tree .detail[hidden] { display: none; }
.prover-tree .facts { flex: 1 1 0; overflow: auto; padding: .5em .9em; }
.prover-tree .controls { flex: 0 1 auto; max-height: 65%; overflow: auto; padding: .4em .9em .3em;
  border-top: 1px solid var(--line); }
.prover-tree h4 { margin: 0 0 .3em; font-size: 13px; color: inherit; }
.prover-tree pre { margin: .2em 0 .6em; padding: .45em .6em; background: var(--wash); color: inherit;
  border: 0; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45; }
.prover-tree dl { display: grid; grid-template-columns: max-content 1fr; gap: .05em .8em; margin: .2em 0
  .6em; }
.prover-tree dt { color: var(--soft); font-weight: 400; width: auto !important; }
.prover-tree dd { margin: 0; }
.prover-tree form, .prover-tree .buttons { display: flex; flex-wrap: wrap; gap: .4em; margin: .4em 0; }
.prover-tree input { flex: 1 1 9rem; min-width: 0; padding: .3em .5em; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: 4px; }
.prover-tree button { padding: .25em .7em; font: inherit; color: inherit; background: var(--wash);
  border: 1px solid var(--line); border-radius: 4px; cursor: pointer; }
.prover-tree button:hover { background: color-mix(in srgb, var(--ink) 13%, transparent); }
.prover-tree button.tactic { font-family: var(--mono); font-size: 12px; text-align: left; }
.prover-tree input:focus-visible, .prover-tree button:focus-visible { outline: 2px solid var(--accent);
  outline-offset: 0; }
`;

export default {
  render({ model, el }) {
    const view = new View(model, el);
    const hidden = document.createElement("style");
    if (model.get("saved")) hidden.textContent = `.${model.get("saved")} { display: none; }`;
    el.append(hidden);
    return () => {
      hidden.remove();
      view.close();
    };
  },
};

/** A graph, ready to be looked up. */
class Search {
  constructor(graph) {
    this.nodes = new Map((graph.nodes ?? []).map((node) => [node.id, node]));
    this.after = new Map();
    this.before = new Map();
    for (const { source, target } of graph.edges ?? []) {
      push(this.after, source, target);
      push(this.before, target, source);
    }
    for (const [name, next] of this.after) {
      if (this.nodes.get(name).kind === "goal") next.sort((a, b) => this.compare(a, b));
    }
    const goals = [...this.nodes.values()].filter((node) => node.kind === "goal");
    this.root = goals[0];
    this.goals = goals.length;
    this.steps = this.nodes.size - goals.length;
    this.failures = goals.reduce((sum, goal) => sum + (goal.failed?.length ?? 0), 0);
    this.name = graph.graph?.name ?? "";
  }

  /** The steps of the proof first, then what is most worth looking at. */
  compare(a, b) {
    const [one, other] = [this.nodes.get(a), this.nodes.get(b)];
    return (
      !!other.winning - !!one.winning ||
      RANKS[one.status] - RANKS[other.status] ||
      other.priority - one.priority
    );
  }

  next(name) {
    return this.after.get(name) ?? [];
  }

  /** The rows right under a row. */
  under(row) {
    const below = (part, more) => ({ key: `${row.key}/${part}`, level: row.level + 1, up: row, ...more });
    if (row.kind === "failures") {
      return row.goal.failed.map((failed, i) => below(`f${i}`, { kind: "failure", goal: row.goal, failed }));
    }
    if (row.kind === "step") {
      return this.next(row.step.id).map((name) => this.#goal(row, below(name, {}), name, null));
    }
    if (row.kind !== "goal" || row.again) return [];
    const rows = this.next(row.goal.id).map((name) => {
      const step = this.nodes.get(name);
      const children = this.next(name);
      if (children.length === 1) return this.#goal(row, below(`${name}/${children[0]}`, {}), children[0], step);
      return below(name, { kind: "step", step, goal: row.goal, won: !!step.winning });
    });
    if (row.goal.failed?.length) rows.push(below("failed", { kind: "failures", goal: row.goal }));
    return rows;
  }

  /** A goal, after the step that leads to it alone, or under one that leads to several. */
  #goal(over, row, name, step) {
    const again = `${over.key}/`.includes(`/${name}/`);
    const won = step ? !!step.winning : over.won;
    return { ...row, kind: "goal", goal: this.nodes.get(name), step, again, won };
  }

  top() {
    return { key: `/${this.root.id}`, level: 0, up: null, kind: "goal", goal: this.root, step: null, won: true };
  }

  canOpen(row) {
    if (row.kind === "failures") return true;
    if (row.kind === "step") return this.next(row.step.id).length > 0;
    return row.kind === "goal" && !row.again && (this.next(row.goal.id).length > 0 || row.goal.failed?.length > 0);
  }

  /** The key of the shortest way to a goal, or null. */
  wayTo(name) {
    const from = new Map([[this.root.id, null]]);
    const queue = [this.root.id];
    for (const goal of queue) {
      if (goal === name) break;
      for (const step of this.next(goal)) {
        for (const child of this.next(step)) {
          if (!from.has(child)) {
            from.set(child, [goal, step]);
            queue.push(child);
          }
        }
      }
    }
    if (!from.has(name)) return null;
    let key = "";
    for (let at = name; ; ) {
      const way = from.get(at);
      if (!way) return `/${at}${key}`;
      key = `/${way[1]}/${at}${key}`;
      at = way[0];
    }
  }
}

class View {
  constructor(model, el) {
    this.model = model;
    this.opened = new Map(); // key of a row -> whether it is open, where somebody said so
    this.cursor = null;
    this.waiting = "";
    this.root = make("div", "prover-tree");
    this.root.dataset.lmSuppressShortcuts = "true"; // JupyterLab leaves the keys to us
    this.head = make("header");
    this.list = make("div", "rows");
    this.list.tabIndex = 0;
    this.list.setAttribute("role", "tree");
    this.list.setAttribute("aria-label", "the search");
    this.space = make("div");
    this.list.append(this.space);
    this.detail = make("div", "detail");
    this.facts = make("div", "facts");
    this.detail.append(this.facts, this.#controls());
    const sides = make("div", "sides");
    sides.append(this.list, this.detail);
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.root.append(style, this.head, sides);
    el.append(this.root);

    this.list.addEventListener("scroll", () => this.#drawRows());
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    this.resized = new ResizeObserver(() => this.#drawRows());
    this.resized.observe(this.list);
    this.listeners = {
      "change:graph": () => this.#graphChanged(),
      "change:selected": () => this.#selectedChanged(),
      "change:answer": () => this.#drawAnswer(),
    };
    for (const [event, listener] of Object.entries(this.listeners)) model.on(event, listener);
    this.#graphChanged();
    this.#selectedChanged();
    this.#drawAnswer();
  }

  close() {
    this.resized.disconnect();
    for (const [event, listener] of Object.entries(this.listeners)) this.model.off(event, listener);
    this.root.remove();
  }

  #controls() {
    const box = make("div", "controls");
    this.about = make("h4");
    const form = make("form");
    this.field = make("input");
    this.field.placeholder = "a tactic";
    this.field.spellcheck = false;
    this.field.autocapitalize = "off";
    this.field.setAttribute("aria-label", "a tactic to run on the selected goal");
    form.append(this.field, make("button", "", "Run"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.field.value.trim()) this.#ask("run", this.field.value);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.list.focus();
    });
    const buttons = make("div", "buttons");
    for (const [what, label] of [
      ["suggest", "Suggest tactics"],
      ["premises", "Find premises"],
      ["prove", "Resume the search here"],
    ]) {
      const button = make("button", "", label);
      button.type = "button";
      button.addEventListener("click", () => this.#ask(what));
      buttons.append(button);
    }
    this.answer = make("div", "answer");
    this.answer.setAttribute("aria-live", "polite");
    box.append(this.about, form, buttons, this.answer);
    return box;
  }

  // What is shown

  #graphChanged() {
    this.search = new Search(this.model.get("graph") ?? {});
    const { name, goals, steps, failures, root } = this.search;
    const about = root
      ? [name, `${count(goals, "goal")}, ${count(steps, "tactic")} that ran, ` +
          `${failures.toLocaleString("en")} that failed`].filter(Boolean).join(" · ")
      : "No search yet";
    this.head.replaceChildren(make("span", "", about));
    this.#layOut();
    this.#drawDetail();
  }

  /** All rows that are not folded away. The proof is open by itself, each goal where it is met first. */
  #layOut() {
    this.rows = [];
    this.places = new Map();
    const met = new Set();
    const stack = this.search.root ? [this.search.top()] : [];
    while (stack.length) {
      const row = stack.pop();
      this.places.set(row.key, this.rows.length);
      this.rows.push(row);
      const byItself = row.won === true && !(row.kind === "goal" && met.has(row.goal.id));
      row.open = this.search.canOpen(row) && (this.opened.get(row.key) ?? byItself);
      if (row.open && row.kind === "goal") met.add(row.goal.id);
      if (row.open) for (const below of this.search.under(row).reverse()) stack.push(below);
    }
    while (this.cursor && !this.places.has(this.cursor)) {
      this.cursor = this.cursor.slice(0, this.cursor.lastIndexOf("/"));
    }
    this.cursor ||= this.rows[0]?.key ?? null;
    this.space.style.height = `${this.rows.length * ROW}px`;
    this.#drawRows();
  }

  #drawRows() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - 4);
    const last = Math.min(this.rows.length, first + Math.ceil(this.list.clientHeight / ROW) + 9);
    const shown = this.rows.slice(first, last);
    const keys = new Set(shown.map((row) => row.key));
    const drawn = new Map([...this.space.children].map((line) => [line.dataset.key, line]));
    for (const [key, line] of drawn) if (!keys.has(key)) line.remove();
    shown.forEach((row, i) => {
      const line = drawn.get(row.key) ?? make("div");
      const there = this.space.children[i] ?? null;
      if (line !== there) this.space.insertBefore(line, there);
      this.#drawRow(line, row, first + i);
    });
    this.list.setAttribute("aria-activedescendant", this.space.querySelector("[aria-selected=true]")?.id ?? "");
  }

  /** A row keeps its element while it is in sight: a click that a redrawing comes between counts. */
  #drawRow(line, row, place) {
    line.className = row.won && row.level > 0 ? "row won" : "row";
    line.id = `row${place}`;
    line.dataset.key = row.key;
    line.style.top = `${place * ROW}px`;
    line.style.paddingLeft = `${8 + Math.min(row.level, DEEPEST_INDENT) * INDENT}px`;
    line.setAttribute("role", "treeitem");
    line.setAttribute("aria-level", row.level + 1);
    line.setAttribute("aria-selected", row.key === this.cursor);
    const fold = make("span", "fold", this.search.canOpen(row) ? (row.open ? "▾" : "▸") : "");
    fold.setAttribute("aria-hidden", "true");
    if (this.search.canOpen(row)) line.setAttribute("aria-expanded", row.open);
    else line.removeAttribute("aria-expanded");
    line.replaceChildren(fold, ...this.#words(row));
  }

  #words(row) {
    if (row.kind === "failures") {
      return [make("span", "failed", MARKS.failed), make("span", "figures", `${row.goal.failed.length} that failed`)];
    }
    if (row.kind === "failure") {
      const { tactic, kind, message } = row.failed;
      return [
        make("span", "failed", MARKS.failed),
        make("span", "tactic", oneLine(tactic)),
        make("span", "figures", `${figures(row.failed)} · ${kind}: ${oneLine(message)}`),
      ];
    }
    const status = row.kind === "goal" ? row.goal.status : row.step.status;
    const words = [make("span", status, MARKS[status])];
    if (row.step) {
      words.push(make("span", "tactic", oneLine(row.step.tactic)), make("span", "figures", figures(row.step)));
    }
    if (row.kind === "step") {
      const left = this.search.next(row.step.id).length;
      words.push(make("span", "arrow", left ? `→ ${left} goals` : "→ nothing left"));
    } else {
      if (row.step) words.push(make("span", "arrow", "→"));
      words.push(make("span", "goal", target(row.goal.pp)));
      if (row.again) words.push(make("span", "arrow", "↑ as above"));
    }
    return words;
  }

  #drawDetail() {
    const row = this.rows[this.places.get(this.cursor)];
    this.facts.replaceChildren();
    this.detail.hidden = !row;
    if (!row) return;
    const { goal, step, failed } = row;
    if (row.kind === "failure") {
      this.facts.append(make("h4", "failed", "✗ a tactic that failed"), make("pre", "tactic", failed.tactic));
      this.facts.append(this.#list([["error", failed.kind], ...this.#costs(failed)]));
      this.facts.append(make("pre", "error", failed.message));
    } else if (step) {
      const what = step.winning ? "a tactic of the proof" : "a tactic that ran";
      this.facts.append(make("h4", step.status, `${MARKS[step.status]} ${what}`));
      this.facts.append(make("pre", "tactic", step.tactic), this.#list(this.#costs(step)));
    }
    const where = row.kind === "goal" ? (step ? "the goal after it" : "a goal") : "the goal that it ran on";
    this.facts.append(make("h4", goal.status, `${MARKS[goal.status]} ${row.kind === "failures" ? "a goal" : where}`));
    this.facts.append(make("pre", "goal", goal.pp));
    const about = [["name", `${goal.id}, ${goal.status}`], ["log-probability", number(goal.logprob)]];
    if (goal.value != null) about.push(["value", number(goal.value)]);
    about.push(["tactics before it", goal.depth]);
    this.facts.append(this.#list(about));
    this.about.textContent = `From ${goal.id} on`;
  }

  #costs(one) {
    const rows = [];
    if (one.logprob != null) rows.push(["log-probability", number(one.logprob)]);
    if (one.seconds) rows.push(["time in Lean", duration(one.seconds)]);
    if (one.expansion) rows.push(["expansion", one.expansion]);
    return rows;
  }

  #list(rows) {
    const list = make("dl");
    for (const [name, value] of rows) list.append(make("dt", "", name), make("dd", "", String(value)));
    return list;
  }

  #drawAnswer() {
    const given = this.model.get("answer") || "";
    const { text = "", tactics = [] } = typeof given === "string" ? { text: given } : given;
    if (text || tactics.length) this.waiting = "";
    this.answer.replaceChildren();
    if (text || this.waiting) this.answer.append(make("pre", "", text || this.waiting));
    const buttons = make("div", "buttons");
    for (const tactic of tactics) {
      const button = make("button", "tactic", tactic);
      button.type = "button";
      button.addEventListener("click", () => {
        this.field.value = tactic;
        this.field.focus();
      });
      buttons.append(button);
    }
    if (tactics.length) this.answer.append(buttons);
  }

  // What is done

  #ask(what, tactic) {
    const row = this.rows[this.places.get(this.cursor)];
    const message = { do: what, goal: row.goal.id };
    if (tactic !== undefined) message.tactic = tactic;
    this.waiting = `asked about ${row.goal.id} …`;
    this.model.send(message);
    this.answer.replaceChildren(make("pre", "", this.waiting));
  }

  #clicked(event) {
    const line = event.target.closest(".row");
    if (!line) return;
    const row = this.rows[this.places.get(line.dataset.key)];
    // By place: the words of a row are drawn anew at any time, also between press and release.
    const { left, right } = line.querySelector(".fold").getBoundingClientRect();
    if (event.clientX >= left && event.clientX < right) this.#toggle(row);
    this.#go(row.key);
  }

  #toggle(row, open = !row.open) {
    if (!this.search.canOpen(row)) return;
    this.opened.set(row.key, open);
    this.#layOut();
  }

  #go(key) {
    this.cursor = key;
    const top = this.places.get(key) * ROW;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    if (top + ROW > this.list.scrollTop + this.list.clientHeight) {
      this.list.scrollTop = top + ROW - this.list.clientHeight;
    }
    this.#drawRows();
    this.#drawDetail();
    const { goal } = this.rows[this.places.get(key)];
    if (this.model.get("selected") !== goal.id) {
      this.model.set("selected", goal.id);
      this.model.save_changes();
    }
  }

  /** Opens the way to a goal that was selected from outside. */
  #selectedChanged() {
    const name = this.model.get("selected");
    const here = this.rows[this.places.get(this.cursor)];
    if (!name || !this.search.root || here?.goal.id === name) return;
    const key = this.search.wayTo(name);
    if (key === null) return;
    for (let at = key.indexOf("/", 1); at > 0; at = key.indexOf("/", at + 1)) {
      this.opened.set(key.slice(0, at), true);
    }
    this.#layOut();
    this.#go(key);
  }

  #key(event) {
    const place = this.places.get(this.cursor);
    const row = this.rows[place];
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW) - 1);
    const to = (i) => this.#go(this.rows[Math.min(this.rows.length - 1, Math.max(0, i))].key);
    const keys = {
      ArrowDown: () => to(place + 1),
      ArrowUp: () => to(place - 1),
      PageDown: () => to(place + page),
      PageUp: () => to(place - page),
      Home: () => to(0),
      End: () => to(this.rows.length - 1),
      ArrowRight: () => (row.open ? to(place + 1) : this.#toggle(row, true)),
      ArrowLeft: () => (row.open ? this.#toggle(row, false) : row.up && this.#go(row.up.key)),
      " ": () => this.#toggle(row),
      Enter: () => this.field.focus(),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  }
}

function push(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

/** An element with a text in it, without what turns the order of letters. */
function make(tag, kind = "", text = "") {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  return made;
}

function oneLine(text) {
  return (text.length > 300 ? `${text.slice(0, 300)} …` : text).replace(/\s+/g, " ");
}

/** What the first of some printed goals says is to be proved. */
function target(pp) {
  return oneLine(/^⊢[^\n]*(?:\n[ \t][^\n]*)*/m.exec(pp)?.[0] ?? pp);
}

function figures(one) {
  const parts = [];
  if (one.logprob != null) parts.push(number(one.logprob));
  if (one.seconds) parts.push(duration(one.seconds));
  return parts.join(" · ");
}

function count(n, what) {
  return `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
}

function number(value) {
  return value.toFixed(2).replace("-", "−");
}

function duration(seconds) {
  return seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
}
