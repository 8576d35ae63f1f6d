(() => {
  const make = surefitElement;
  const state = surefitState;
  const root = document.documentElement;
  const at = (ident) => document.getElementById(ident);
  const parsed = (ident) => JSON.parse(at(ident).textContent);
  root.classList.add("js");

  // The figures come when the browser has time, one after the other.
  const rested = () =>
    new Promise((done) => {
      if (window.requestIdleCallback) requestIdleCallback(done, { timeout: 200 });
      else setTimeout(done);
    });

  let family = null;
  let turn = 0;
  const shown = { success: [], general: [], overlays: [] };

  const place = (key, box, charts) => {
    surefitCharts.drop(shown[key]);
    shown[key] = charts.map(surefitCharts.card);
    box.append(...shown[key].map((handle) => handle.made));
    return shown[key];
  };
  const drawLater = async (handles, own) => {
    for (const handle of handles) {
      await rested();
      if (own !== turn) return;
      if (handle.figure.isConnected) await handle.draw();
    }
  };

  const successName = () => {
    const named = Object.keys(family.success);
    const wanted = state.get("success", "converged");
    return named.includes(wanted) ? wanted : named[0];
  };
  const successCharts = async () => {
    const name = successName();
    for (const input of document.querySelectorAll("#success input")) {
      input.disabled = !(input.value in family.success);
      input.checked = input.value === name;
    }
    const charts = name ? family.success[name] : [];
    const [first, ...rest] = place("success", at("charts"), charts);
    rest.forEach((handle) => at("law-charts").prepend(handle.made));
    if (first) await first.draw();
    return rest;
  };

  const overlays = async (own) => {
    const box = at("overlays");
    if (!box) return;
    const wanted = state.get("samples");
    const found = family.overlays.find((item) => item.samples === wanted) || family.overlays.at(-1);
    const select = make(
      "select",
      {
        onchange: (event) => {
          state.set("samples", event.target.value);
          overlays(turn);
        },
      },
      family.overlays.map(({ samples }) => make("option", { value: samples }, samples)),
    );
    if (found) select.value = found.samples;
    const focused = box.contains(document.activeElement) && box.querySelector("select") === document.activeElement;
    surefitCharts.drop(shown.overlays);
    shown.overlays = [];
    const grid = make("div", { class: "grid" });
    const choice =
      family.overlays.length > 1
        ? make("div", { class: "choices" }, make("label", { class: "choice" }, make("span", {}, "Samples"), select))
        : null;
    const none = found ? null : make("p", { class: "note" }, "These runs have no curves.");
    box.replaceChildren(...[choice, none, grid].filter(Boolean));
    if (focused) select.focus();
    if (!found) return;
    try {
      const charts = await surefitSite.load(found.name);
      if (own !== turn || !grid.isConnected) return;
      await drawLater(place("overlays", grid, charts), own);
    } catch (error) {
      grid.replaceWith(make("p", { class: "alert" }, `${error.message}: the folder of this site was not copied whole.`));
    }
  };

  const render = async () => {
    turn += 1;
    const own = turn;
    at("remarks").replaceChildren(...family.remarks.map((text) => make("p", { class: "note" }, text)));
    const general = place("general", at("law-charts"), family.general);
    const rest = await successCharts();
    root.dataset.ready = "yes";
    performance.mark("surefit-ready");
    const empty = at("law-charts").childElementCount === 0;
    at("laws").hidden = empty;
    document.querySelector('nav a[href="#laws"]').parentElement.hidden = empty;
    await drawLater([...rest, ...general], own);
    await overlays(own);
    if (own === turn) root.dataset.complete = "yes";
  };

  const chooseFamily = async (ident, first) => {
    delete root.dataset.complete;
    family = ident === "0" ? first : await surefitSite.load(`family-${ident}`);
    await render();
  };

  const begin = () => {
    const first = parsed("figure-data");
    if (!first) {
      root.dataset.ready = root.dataset.complete = "yes";
      at("figures").hidden = at("laws").hidden = true;
      return;
    }
    const select = at("family");
    const known = select ? [...select.options].map((option) => option.value) : ["0"];
    const wanted = known.includes(state.get("family")) ? state.get("family") : "0";
    if (select) {
      select.value = wanted;
      select.addEventListener("change", () => {
        state.set("family", select.value, "0");
        chooseFamily(select.value, first);
      });
    }
    for (const input of document.querySelectorAll("#success input")) {
      input.addEventListener("change", () => {
        state.set("success", input.value, "converged");
        render();
      });
    }
    chooseFamily(wanted, first);
  };

  // Links inside of the page scroll, and leave what is shown in the address alone.
  document.querySelectorAll("nav a, .skip").forEach((link) => {
    link.addEventListener("click", (event) => {
      const target = document.querySelector(link.getAttribute("href"));
      event.preventDefault();
      target.tabIndex = -1;
      target.focus({ preventScroll: true });
      target.scrollIntoView();
    });
  });

  const print = (on) => () => {
    root.classList.toggle("printing", on);
    surefitCharts.redraw();
    if (!on) surefitCharts.resize();
  };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", surefitCharts.redraw);
  matchMedia("print").addEventListener("change", surefitCharts.redraw);
  addEventListener("hashchange", () => {
    state.reload();
    surefitTable.restore();
  });

  surefitTable.build(at("table"), parsed("table-data"));
  performance.mark("surefit-table");
  // Behind this script the plotting library is read; then all is there.
  if (document.readyState === "complete") begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
