// Charts: a card with figure, choices, legend, notes and numbers for each.
const surefitCharts = (() => {
  const make = surefitElement;
  const root = document.documentElement;
  const touch = matchMedia("(pointer: coarse)").matches;
  const COLOURS = [1, 2, 3, 4, 5, 6].map((index) => `var(--line-${index})`);
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down", "cross"];
  const DASHES = { solid: "none", dash: "7 4", dot: "2 4", dashdot: "7 4 2 4" };
  const all = new Set();

  const config = (ident) => ({
    responsive: true,
    displaylogo: false,
    displayModeBar: touch ? false : "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: ident },
  });

  const table = ({ caption, columns, rows }) =>
    make(
      "div",
      { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
      make(
        "table",
        {},
        make("caption", {}, make("span", {}, caption)),
        make("thead", {}, make("tr", {}, columns.map((text) => make("th", { scope: "col" }, text)))),
        make(
          "tbody",
          {},
          rows.map(([first, ...rest]) =>
            make("tr", {}, make("th", { scope: "row" }, first), rest.map((text) => make("td", {}, text))),
          ),
        ),
      ),
    );

  const swatch = ({ colour, dash, band, lines, points }) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const set = (item, values) =>
      Object.entries(values).forEach(([key, value]) => item.setAttribute(key, value));
    set(svg, { viewBox: "0 0 34 14", class: "swatch", "aria-hidden": "true", focusable: "false" });
    const add = (tag, values) => {
      const item = document.createElementNS(space, tag);
      set(item, values);
      svg.append(item);
    };
    if (band) add("path", { d: "M1 7h32", stroke: colour, "stroke-width": 12, opacity: 0.2 });
    if (lines) {
      const line = { d: "M1 7h32", stroke: colour, "stroke-width": 2.4, fill: "none" };
      add("path", { ...line, "stroke-dasharray": DASHES[dash] || "none" });
    }
    if (points) add("circle", { cx: 17, cy: 7, r: 3.6, fill: colour });
    return svg;
  };

  // One figure with its choices; `chosen` holds the value of every filter, empty for all.
  const card = (chart) => {
    const chosen = new Map(chart.filters.map((f) => [f.key, f.single ? f.values[0] : ""]));
    const hidden = new Set();
    const figure = make("div", { class: "plot", role: "img", "data-plot": chart.ident });
    const legend = make("div", {
      class: "legend",
      role: "group",
      "aria-label": `Lines of the figure: ${chart.title}`,
    });

    const colouring = () => {
      const able = chart.filters.filter((filter) => filter.colours);
      return able.find((filter) => !chosen.get(filter.key)) || able.at(-1);
    };
    const passes = ({ by }) =>
      [...chosen].every(([key, value]) => !value || by[key] === undefined || by[key] === value);

    const arranged = (style) => {
      const filter = colouring();
      const light = Number(style.getPropertyValue("--cell-turn"));
      const entries = new Map();
      const data = chart.data.map((trace) => {
        if (!trace.meta) return trace;
        if (trace.meta.shares) {
          const color = trace.meta.shares.map((s) => (s >= light ? "var(--card)" : "var(--ink)"));
          // In narrow cells there is no place for words; touching a cell tells its counts.
          const visible = figure.clientWidth / trace.meta.columns > 64;
          return { ...trace, visible, textfont: { ...trace.textfont, color } };
        }
        const { by, faint, label } = trace.meta;
        let { line, marker, mode } = trace;
        let name = label;
        if (filter && by[filter.key] !== undefined) {
          const index = filter.values.indexOf(by[filter.key]);
          const colour = COLOURS[index % COLOURS.length];
          line = { ...line, color: colour };
          marker = { ...marker, color: colour, symbol: SYMBOLS[Math.floor(index / 6) % 8] };
          if (!faint) {
            name = `${filter.label} ${by[filter.key]}`;
            if (index >= COLOURS.length) {
              mode = "lines+markers";
              marker.maxdisplayed = 6;
            }
          }
        }
        const shown = passes(trace.meta);
        if (shown) {
          const band = trace.fill === "toself";
          const entry = entries.get(name) || { name, band: false, colour: faint ? "var(--muted)" : line.color };
          entry.band = entry.band || band;
          if (!band) {
            if (mode.includes("lines")) Object.assign(entry, { lines: true, dash: line.dash });
            entry.points = entry.points || mode.includes("markers");
          }
          entries.set(name, entry);
        }
        const own = marker ? { line, marker, mode } : { line, mode };
        return { ...trace, ...own, visible: shown && !hidden.has(name) };
      });
      return { data, entries: [...entries.values()] };
    };

    const draw = () => {
      const style = getComputedStyle(root);
      const { data, entries } = arranged(style);
      legend.replaceChildren();
      if (entries.length > 1) {
        legend.append(
          make(
            "ul",
            {},
            entries.map((entry) =>
              make(
                "li",
                {},
                make(
                  "button",
                  {
                    type: "button",
                    "aria-pressed": String(!hidden.has(entry.name)),
                    "data-name": entry.name,
                    onclick: () => {
                      if (!hidden.delete(entry.name)) hidden.add(entry.name);
                      draw();
                      [...legend.querySelectorAll("button")]
                        .find((button) => button.dataset.name === entry.name)
                        ?.focus();
                    },
                  },
                  swatch(entry),
                  make("span", {}, entry.name),
                ),
              ),
            ),
          ),
        );
      }
      figure.setAttribute(
        "aria-label",
        `${chart.title}: ${chart.axes[1]} over ${chart.axes[0]}. ${chart.notes.join(" ")} ${chart.tables.length ? "The numbers are in the tables below." : ""}`,
      );
      const sheet = root.classList.contains("printing");
      const size = sheet ? { width: figure.clientWidth, height: figure.clientHeight } : { autosize: true };
      const layout = { ...surefitPaint.painted(chart.layout, style), ...size, dragmode: touch ? false : "zoom" };
      return Plotly.react(figure, surefitPaint.painted(data, style), layout, config(chart.ident));
    };

    const choices = chart.filters
      .filter((filter) => filter.values.length > 1)
      .map((filter) => {
        const options = filter.values.map((value) => make("option", { value }, value));
        if (!filter.single) options.unshift(make("option", { value: "" }, "all"));
        const select = make(
          "select",
          {
            onchange: (event) => {
              chosen.set(filter.key, event.target.value);
              hidden.clear();
              draw();
            },
          },
          options,
        );
        return make("label", { class: "choice" }, make("span", {}, filter.label), select);
      });

    const made = make(
      "figure",
      { class: chart.wide ? "card wide" : "card" },
      make("figcaption", {}, make("h3", {}, chart.title), make("p", {}, chart.about)),
      choices.length ? make("div", { class: "tools" }, choices) : null,
      figure,
      legend,
      chart.notes.map((text) => make("p", { class: "note" }, text)),
      chart.tables.map((numbers) =>
        make("details", { class: "numbers" }, make("summary", {}, numbers.caption), table(numbers)),
      ),
    );
    const handle = { made, draw, figure };
    all.add(handle);
    return handle;
  };

  const drop = (handles) => {
    for (const handle of handles) {
      all.delete(handle);
      Plotly.purge(handle.figure);
      handle.made.remove();
    }
  };
  const redraw = () => all.forEach((handle) => handle.figure.isConnected && handle.draw());
  const resize = () =>
    all.forEach((handle) => handle.figure.isConnected && Plotly.Plots.resize(handle.figure));

  return { card, drop, redraw, resize };
})();
