"use strict";
// Shared by the pages of runs and the page of a store.
const surefitPaint = (() => {
  // Colours are named in the plots and defined in the style sheet; two digits behind a name are
  // its opacity.
  const named = /^var\((--[a-z0-9-]+)\)([0-9a-f]{2})?$/;
  const painted = (item, style) => {
    if (typeof item === "string") {
      const parts = named.exec(item);
      return parts ? style.getPropertyValue(parts[1]).trim() + (parts[2] || "") : item;
    }
    if (Array.isArray(item)) {
      const plain = item.every((part) => typeof part === "number");
      return plain ? item : item.map((part) => painted(part, style));
    }
    if (item && typeof item === "object") {
      return Object.fromEntries(
        Object.entries(item).map(([key, part]) => [key, painted(part, style)]),
      );
    }
    return item;
  };

  return { painted };
})();
