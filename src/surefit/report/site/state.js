// What is shown, as a part of the page's address, so that it can be sent and comes back.
const surefitState = (() => {
  const read = () =>
    new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");
  let values = read();

  const get = (key, otherwise = "") => (values.has(key) ? values.get(key) : otherwise);
  const set = (key, value, otherwise = "") => {
    if (value === otherwise) values.delete(key);
    else values.set(key, value);
    const text = values.toString();
    const address = text ? `#?${text}` : location.pathname + location.search;
    // A page on the disk may not be allowed to do this; then the address stays as it is.
    try {
      history.replaceState(null, "", address);
    } catch {
      location.hash = text ? `?${text}` : "";
    }
  };
  const keys = () => [...values.keys()];
  const reload = () => {
    values = read();
  };
  return { get, set, keys, reload };
})();

// Parts of the page as nested calls; text is never read as HTML.
const surefitElement = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
};

// Data of the folder that are not in the page: a script hands them over.
const surefitSite = (() => {
  const arrived = new Map();
  const asked = new Map();
  const receive = (name, data) => {
    arrived.set(name, data);
  };
  const load = (name) => {
    if (!asked.has(name)) {
      asked.set(
        name,
        new Promise((done, failed) => {
          const script = document.createElement("script");
          script.src = `assets/${name}.js`;
          script.onload = () => done(arrived.get(name));
          script.onerror = () => failed(new Error(`assets/${name}.js is missing`));
          document.head.append(script);
        }),
      );
    }
    return asked.get(name);
  };
  return { receive, load };
})();
