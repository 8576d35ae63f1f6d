"use strict";
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plot-data").textContent);
  const boxes = [...document.querySelectorAll(".plot")];
  const touch = matchMedia("(pointer: coarse)").matches;
  root.classList.add("js");

  const { painted } = surefitPaint;

  // Where the browser cannot draw in three dimensions, a surface is a map with contour lines.
  const solids = document.querySelectorAll(".plot.solid").length > 0;
  const webgl = solids && Boolean(document.createElement("canvas").getContext("webgl"));
  const flat = new Set();
  const formOf = (ident) => {
    const plot = plots[ident];
    return plot.flat && (!webgl || flat.has(ident)) ? plot.flat : plot;
  };

  const FLAT = ["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"];
  const SOLID = ["toImage", "zoom3d", "pan3d", "tableRotation", "resetCameraDefault3d"];
  const config = (ident, solid) => ({
    responsive: true,
    displaylogo: false,
    displayModeBar: touch ? false : "hover",
    modeBarButtons: [solid ? SOLID : FLAT],
    toImageButtonOptions: { format: solid ? "png" : "svg", filename: ident },
  });

  // In a narrow box the eye steps back, so that the words beside the axes stay inside.
  const eyeOf = (box) => {
    const { x, y, z } = plots[box.dataset.plot].layout.scene.camera.eye;
    const back = box.clientWidth < 400 ? 1.3 : 1;
    return { x: back * x, y: back * y, z: back * z };
  };
  const viewed = (layout, box) => {
    if (!layout.scene) return layout;
    const camera = { ...layout.scene.camera, eye: eyeOf(box) };
    return { ...layout, scene: { ...layout.scene, camera } };
  };

  const draw = (box) => {
    const ident = box.dataset.plot;
    const { data, layout } = formOf(ident);
    const style = getComputedStyle(root);
    const solid = Boolean(layout.scene);
    // On a touch screen a drag scrolls the page, rather than zooming or turning the plot.
    const dragmode = touch ? false : solid ? "turntable" : "zoom";
    const sheet = root.classList.contains("printing");
    const size = sheet ? { width: box.clientWidth, height: box.clientHeight } : { autosize: true };
    return Plotly.react(
      box,
      painted(data, style),
      { ...painted(viewed(layout, box), style), dragmode, ...size },
      config(ident, solid),
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

  const boxOf = (ident) => boxes.find((box) => box.dataset.plot === ident);
  // Steps of the view: an angle around the vertical axis, or the height of the eye.
  const turn = (button) => {
    const box = boxOf(button.dataset.plot);
    if (!box._fullLayout.scene) return;
    const { x, y, z } = box._fullLayout.scene.camera.eye;
    const way = button.dataset.turn;
    const angle = { left: -Math.PI / 8, right: Math.PI / 8 }[way] || 0;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const eye =
      way === "back"
        ? eyeOf(box)
        : way === "up"
          ? { x: 0.02, y: -0.3, z: 2.1 }
          : { x: cos * x - sin * y, y: sin * x + cos * y, z };
    Plotly.relayout(box, { "scene.camera.eye": eye });
  };
  const fold = (button) => {
    const ident = button.dataset.plot;
    const wanted = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(wanted));
    if (wanted) flat.add(ident);
    else flat.delete(ident);
    draw(boxOf(ident));
    document.querySelectorAll(`button[data-turn][data-plot="${ident}"]`).forEach((other) => {
      other.disabled = wanted;
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
  document.querySelectorAll(".turn button").forEach((button) => {
    if (webgl) button.addEventListener("click", () => (button.dataset.turn ? turn : fold)(button));
    else button.disabled = true;
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
