// Numbers as they are shown, and filters as they are typed.
const surefitValues = (() => {
  const grouped = (text) => text.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const shownNumber = (x) => {
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
    const size = Math.abs(x);
    let text;
    if (Number.isInteger(x) && size < 1e9) text = grouped(String(size));
    else if (size >= 1e-3 && size < 1e6) text = String(Number(size.toPrecision(4)));
    else {
      const [digits, power] = size.toExponential(2).split("e");
      const raised = [...power.replace("+", "")].map((d) => (d === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]));
      text = `${Number(digits)}×10${raised.join("")}`;
    }
    return x < 0 ? `−${text}` : text;
  };

  // Filters: `>= 64`, `< 1e-3`, `64..512`, `64, 128`, `!= 0` for numbers; parts of texts, `= word`
  // for a whole one, `! word` for all others; `-` for what is empty.
  const PART = /^(>=|<=|!=|>|<|=|≥|≤|≠)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i;
  const TESTS = {
    ">=": (a, b) => a >= b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    "<": (a, b) => a < b,
    "!=": (a, b) => a !== b,
    "=": (a, b) => a === b,
  };
  const SAME = { "≥": ">=", "≤": "<=", "≠": "!=" };
  const numberTest = (text) => {
    const [low, high, more] = text.split("..");
    if (high !== undefined && more === undefined) {
      const ends = [low.trim() || "-Infinity", high.trim() || "Infinity"].map(Number);
      return ends.some(Number.isNaN) ? null : (x) => x !== null && x >= ends[0] && x <= ends[1];
    }
    const tests = text.split(",").map((part) => {
      if (part.trim() === "-") return (x) => x === null;
      const found = PART.exec(part.trim().replace("−", "-"));
      if (!found) return null;
      const test = TESTS[SAME[found[1]] || found[1] || "="];
      const bound = Number(found[2]);
      return (x) => x !== null && test(x, bound);
    });
    return tests.includes(null) ? null : (x) => tests.some((test) => test(x));
  };
  const textTest = (text) => {
    const word = text.trim().toLowerCase();
    if (word === "-") return (x) => x === "";
    if (word.startsWith("=")) return (x) => x.toLowerCase() === word.slice(1).trim();
    if (word.startsWith("!")) return (x) => !x.toLowerCase().includes(word.slice(1).trim());
    return (x) => x.toLowerCase().includes(word);
  };

  return { grouped, shownNumber, numberTest, textTest };
})();
