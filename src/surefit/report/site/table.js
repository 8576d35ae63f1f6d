// The table of runs: sorted, filtered, paged, and written as CSV.
const surefitTable = (() => {
  const make = surefitElement;
  const state = surefitState;
  const { grouped, shownNumber, numberTest, textTest } = surefitValues;
  const SIZE = 25;
  let data, columns, byName, count, order, page, whole;

  const textOf = (column, row) => {
    const value = valueOf(column, row);
    if (value === null || value === undefined) return "";
    if (column.kind === "bool") return value ? "yes" : "no";
    return String(value);
  };
  const valueOf = (column, row) => {
    const value = column.values[row];
    if (column.kind === "text") return column.levels[value];
    return column.kind === "number" && value !== null ? Number(value) : value;
  };

  const shownCell = (column, row) => {
    const value = valueOf(column, row);
    if (value === null || value === undefined) return "–";
    return column.kind === "number" ? shownNumber(value) : textOf(column, row);
  };
  const headOf = (column) => column.name.replaceAll("_", " ");

  const testOf = (column, text) => {
    if (!text.trim()) return () => true;
    if (column.kind !== "number") {
      const test = textTest(text);
      return (row) => test(textOf(column, row));
    }
    const test = numberTest(text.trim());
    return test && ((row) => test(column.values[row] === null ? null : valueOf(column, row)));
  };

  const shownColumns = () => {
    const names = state.get("cols") ? state.get("cols").split(",") : data.shown;
    const found = names.map((name) => byName.get(name)).filter(Boolean);
    return found.length ? found : [columns[0]];
  };
  const sorting = () => ({ name: state.get("sort"), down: state.get("desc") === "1" });
  const size = () => (whole ? count : Math.max(Number(state.get("rows", SIZE)) || SIZE, 1));

  const search = () => {
    const words = state.get("q").toLowerCase().split(/\s+/).filter(Boolean);
    const visible = shownColumns();
    const tests = columns
      .map((column) => testOf(column, state.get(`f.${column.name}`)))
      .filter(Boolean);
    const found = [];
    for (let row = 0; row < count; row += 1) {
      if (!tests.every((test) => test(row))) continue;
      if (words.length) {
        const line = visible.map((column) => textOf(column, row)).join(" ").toLowerCase();
        if (!words.every((word) => line.includes(word))) continue;
      }
      found.push(row);
    }
    const { name, down } = sorting();
    const column = byName.get(name);
    if (column) {
      const sign = down ? -1 : 1;
      const plain = new Intl.Collator("en", { numeric: true });
      const keys = new Map(found.map((row) => [row, valueOf(column, row)]));
      // What is empty comes last, whichever way.
      found.sort((a, b) => {
        const [u, v] = [keys.get(a), keys.get(b)];
        const [no, nor] = [u === null || u === undefined, v === null || v === undefined];
        if (no || nor) return no - nor || a - b;
        const way = column.kind === "text" ? plain.compare(u, v) : Number(u) - Number(v);
        return sign * way || a - b;
      });
    }
    order = found;
  };

  const cellOf = (column, row, first) => {
    const text = shownCell(column, row);
    const address = column.name === "run_id" ? data.pages[row] : null;
    const inside = address ? make("a", { href: address }, text) : text;
    const kind = column.kind === "number" ? "figure" : column.name === "run_id" ? "break" : "";
    if (first) return make("th", { scope: "row", class: kind }, inside);
    const exact = column.kind === "number" ? textOf(column, row) : null;
    const long = column.kind === "text" && text.length > 60;
    return make("td", { class: `${kind}${long ? " long" : ""}`, title: exact || null }, inside);
  };

  const parts = {};
  const body = () => {
    const visible = shownColumns();
    const pages = Math.max(Math.ceil(order.length / size()), 1);
    page = Math.min(Math.max(page, 0), pages - 1);
    const rows = order.slice(page * size(), (page + 1) * size());
    parts.body.replaceChildren(
      ...rows.map((row) => make("tr", {}, visible.map((c, i) => cellOf(c, row, i === 0)))),
    );
    if (!rows.length) {
      const cell = make("td", { colspan: visible.length }, "No run matches these filters.");
      parts.body.append(make("tr", {}, cell));
    }
    const { name, down } = sorting();
    for (const head of parts.heads) {
      const own = head.dataset.name === name;
      head.setAttribute("aria-sort", own ? (down ? "descending" : "ascending") : "none");
    }
    const by = byName.has(name) ? `, sorted by ${headOf(byName.get(name))}` : "";
    const turned = by && down ? ", largest first" : "";
    parts.status.textContent = `${grouped(String(order.length))} of ${grouped(String(count))} runs${by}${turned}. Page ${page + 1} of ${pages}.`;
    parts.back.disabled = page === 0;
    parts.on.disabled = page >= pages - 1;
    parts.scroll.tabIndex = 0;
  };
  const refresh = () => {
    search();
    body();
  };
  const turn = (to) => {
    page = to;
    state.set("page", String(page + 1), "1");
    body();
  };
  const changed = (key, value, otherwise = "") => {
    state.set(key, value, otherwise);
    page = 0;
    state.set("page", "1", "1");
    refresh();
  };

  const sort = (name) => {
    const now = sorting();
    const next = now.name !== name ? [name, ""] : now.down ? ["", ""] : [name, "1"];
    state.set("desc", next[1]);
    changed("sort", next[0]);
  };

  const filterOf = (column) => {
    const key = `f.${column.name}`;
    const label = `Filter ${headOf(column)}`;
    if (column.kind === "bool") {
      const options = [["", "any"], ["=yes", "yes"], ["=no", "no"], ["-", "unknown"]];
      const choice = make(
        "select",
        { "aria-label": label, onchange: (event) => changed(key, event.target.value) },
        options.map(([value, text]) => make("option", { value }, text)),
      );
      choice.value = state.get(key);
      return choice;
    }
    const hint = column.kind === "number" ? "≥ 0" : "text";
    const input = make("input", {
      type: "search",
      "aria-label": label,
      placeholder: hint,
      title: column.kind === "number" ? "for example >= 64, < 1e-3, 64..512, 64, 128, -" : "a part of the text; = whole text, ! all others",
      oninput: (event) => {
        const right = testOf(column, event.target.value) !== null;
        if (right) event.target.removeAttribute("aria-invalid");
        else event.target.setAttribute("aria-invalid", "true");
        changed(key, event.target.value);
      },
    });
    input.value = state.get(key);
    return input;
  };

  const head = () => {
    const visible = shownColumns();
    parts.heads = visible.map((column) => {
      const unit = column.unit ? ` (${column.unit})` : "";
      const button = make(
        "button",
        { type: "button", title: `${column.meaning}${unit}`, onclick: () => sort(column.name) },
        headOf(column),
      );
      const kind = column.kind === "number" ? "figure" : null;
      return make("th", { scope: "col", "data-name": column.name, class: kind }, button);
    });
    const filters = visible.map((column) => make("td", {}, filterOf(column)));
    parts.head.replaceChildren(make("tr", {}, parts.heads), make("tr", { class: "filters" }, filters));
  };

  const chooser = () => {
    const boxes = columns.map((column) => {
      const box = make("input", {
        type: "checkbox",
        value: column.name,
        onchange: () => {
          const ticked = [...parts.chooser.querySelectorAll("input:checked")].map((i) => i.value);
          state.set("cols", ticked.join(","), data.shown.join(","));
          head();
          refresh();
        },
      });
      return make("label", { title: column.meaning }, box, make("span", {}, headOf(column)));
    });
    return make("fieldset", { class: "columns" }, make("legend", {}, "Columns"), boxes);
  };

  // A text that a spreadsheet would take for a formula gets an apostrophe.
  const csvCell = (column, row) => {
    const text = textOf(column, row);
    const safe = column.kind === "text" && /^[=+@\-\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = () => {
    const visible = shownColumns();
    const lines = order.map((row) => visible.map((column) => csvCell(column, row)).join(","));
    return [visible.map((column) => column.name).join(","), ...lines, ""].join("\r\n");
  };
  const download = () => {
    const address = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    make("a", { href: address, download: "runs-shown.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  const restore = () => {
    parts.find.value = state.get("q");
    parts.size.value = String(Number(state.get("rows", SIZE)) || SIZE);
    page = (Number(state.get("page", "1")) || 1) - 1;
    const names = new Set(shownColumns().map((column) => column.name));
    for (const box of parts.chooser.querySelectorAll("input")) box.checked = names.has(box.value);
    head();
    refresh();
  };
  const reset = () => {
    for (const key of state.keys()) {
      if (key.startsWith("f.") || ["q", "sort", "desc", "cols", "page", "rows"].includes(key)) {
        state.set(key, "");
      }
    }
    restore();
  };

  const build = (box, given) => {
    data = given;
    ({ columns, count } = data);
    byName = new Map(columns.map((column) => [column.name, column]));
    const button = (text, onclick, more = {}) =>
      make("button", { type: "button", onclick, ...more }, text);
    parts.find = make("input", {
      type: "search",
      oninput: (event) => changed("q", event.target.value),
    });
    parts.chooser = chooser();
    parts.status = make("p", { class: "note", "aria-live": "polite", id: "table-status" });
    parts.head = make("thead");
    parts.body = make("tbody");
    const caption = make("caption", {}, make("span", {}, "Runs of the store; a heading sorts by it"));
    const table = make("table", { class: "runs" }, caption, parts.head, parts.body);
    parts.scroll = make("div", { class: "scroll", role: "region", "aria-label": "Runs" }, table);
    parts.back = button("Previous", () => turn(page - 1));
    parts.on = button("Next", () => turn(page + 1));
    parts.size = make(
      "select",
      { onchange: (event) => changed("rows", event.target.value, String(SIZE)) },
      ["25", "50", "100", "250"].map((text) => make("option", { value: text }, text)),
    );
    box.replaceChildren(
      make(
        "div",
        { class: "tools" },
        make("label", { class: "choice" }, make("span", {}, "Find"), parts.find),
        button("Download CSV", download),
        button("Reset", reset),
      ),
      make("details", {}, make("summary", {}, "Choose columns"), parts.chooser),
      parts.status,
      parts.scroll,
      make(
        "div",
        { class: "tools pager", role: "group", "aria-label": "Pages of the table" },
        parts.back,
        parts.on,
        make("label", { class: "choice" }, make("span", {}, "Rows"), parts.size),
      ),
    );
    restore();
    const print = (all) => () => {
      whole = all;
      body();
    };
    addEventListener("beforeprint", print(true));
    addEventListener("afterprint", print(false));
  };

  return { build, restore, csv };
})();
