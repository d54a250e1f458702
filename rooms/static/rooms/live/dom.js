// Small helpers to write elements. Text is always text: names come from people.

export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function button(label, act, { quiet = true, about = "" } = {}) {
  const look = quiet ? "button button-quiet button-sm" : "button button-sm";
  return element("button", { type: "button", class: look, click: act, "aria-label": about ? `${label} ${about}` : null }, [label]);
}
