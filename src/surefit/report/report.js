"use strict";
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plot-data").textContent);
  const boxes = [...document.querySelectorAll(".plot")];
  const touch = matchMedia("(pointer: coarse)").matches;
  root.classList.add("js");

  // Colours are named in the plots and defined in the style sheet.
  const painted = (item, style) => {
    if (typeof item === "string") {
      return item.startsWith("var(") ? style.getPropertyValue(item.slice(4, -1)).trim() : item;
    }
    if (Array.isArray(item)) {
      return typeof item[0] === "object" ? item.map((part) => painted(part, style)) : item;
    }
    if (item && typeof item === "object") {
      return Object.fromEntries(
        Object.entries(item).map(([key, part]) => [key, painted(part, style)]),
      );
    }
    return item;
  };

  const config = (ident) => ({
    responsive: true,
    displaylogo: false,
    displayModeBar: touch ? false : "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: ident },
  });

  const draw = (box) => {
    const { data, layout } = plots[box.dataset.plot];
    const style = getComputedStyle(root);
    // On a touch screen a drag scrolls the page, rather than zooming the plot.
    const dragmode = touch ? false : "zoom";
    const sheet = root.classList.contains("printing");
    const size = sheet ? { width: box.clientWidth, height: box.clientHeight } : { autosize: true };
    return Plotly.react(
      box,
      painted(data, style),
      { ...painted(layout, style), dragmode, ...size },
      config(box.dataset.plot),
    );
  };
  const drawAll = () => boxes.forEach(draw);

  const showLine = (button) => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    plots[button.dataset.plot].data[Number(button.dataset.line)].visible = shown
      ? true
      : "legendonly";
    draw(boxes.find((box) => box.dataset.plot === button.dataset.plot));
  };

  const timed = boxes.filter((box) => box.dataset.time === "yes");
  const suits = new Map(timed.map((box) => [box, plots[box.dataset.plot].layout.xaxis.type]));
  const timeAxis = (kind) => {
    timed.forEach((box) => {
      const axis = plots[box.dataset.plot].layout.xaxis;
      axis.type = kind === "each" ? suits.get(box) : kind;
      axis.exponentformat = axis.type === "log" ? "power" : "none";
      draw(box);
    });
  };

  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2000);
  };

  // A link to something folded away unfolds it.
  const unfold = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const folded = target && target.querySelector(":scope > .more details");
    if (folded) folded.open = true;
  };

  // Only boxes that scroll need a place in the order of the tab key.
  const reachable = () => {
    document.querySelectorAll(".scroll").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  };

  let closed = [];
  const beforePrint = () => {
    root.classList.add("printing");
    drawAll();
    closed = [...document.querySelectorAll("details:not(.numbers, .legend details):not([open])")];
    closed.forEach((item) => {
      item.open = true;
    });
  };
  const afterPrint = () => {
    closed.forEach((item) => {
      item.open = false;
    });
    closed = [];
    root.classList.remove("printing");
    drawAll();
    boxes.forEach((box) => Plotly.Plots.resize(box));
  };

  document.querySelectorAll(".legend button").forEach((button) => {
    button.addEventListener("click", () => showLine(button));
  });
  document.querySelectorAll(".switch input").forEach((input) => {
    input.addEventListener("change", () => timeAxis(input.value));
  });
  document.querySelectorAll(".copy").forEach((button) => {
    button.addEventListener("click", () => copy(button));
  });
  document.addEventListener("toggle", reachable, true);
  addEventListener("hashchange", unfold);
  addEventListener("resize", reachable);
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", drawAll);

  drawAll();
  unfold();
  reachable();
  root.dataset.ready = "yes";
})();
