// Building elements in one line each; text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "muted") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  send: "M4 12l16-8-5 16-3-6zM12 14l8-10",
  attach: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.6 8.5a1.7 1.7 0 0 1-2.4-2.4L15 7",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  reply: "M9 7L4 12l5 5M4 12h9a7 7 0 0 1 7 6",
  close: "M6 6l12 12M18 6L6 18",
  out: "M4 12h15M13 6l6 6-6 6",
  in: "M20 12H5M11 6l-6 6 6 6",
  add: "M12 5v14M5 12h14",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  remove: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 10h.01M15 10h.01M8.5 14a4.5 4.5 0 0 0 7 0",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  music: "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0M19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0",
  place: "M12 21c-5-6-7-9-7-12a7 7 0 0 1 14 0c0 3-2 6-7 12M12 11.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c0-5 4-7 8-7s8 2 8 7",
  mic: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  play: "M7 4.5v15l13-7.5z",
  pause: "M8 5v14M16 5v14",
  video: "M3 6h12v12H3zM15 10l6-3v10l-6-3",
  list: "M8 7h12M8 12h12M8 17h12M4 7h.01M4 12h.01M4 17h.01",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  "tick-queued": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4.5l3 2",
  "tick-sent": "M5 12.5l4.5 4.5L19 7.5",
  "tick-delivered": "M2 12.5l4.5 4.5L15 8.5M9.5 16.5l.5.5L20 7",
  "tick-read": "M2 12.5l4.5 4.5L15 8.5M9.5 16.5l.5.5L20 7",
  "tick-failed": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v5M12 16h.01",
  sticker: "M5 3h14a2 2 0 0 1 2 2v9l-7 7H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2M14 21v-5a2 2 0 0 1 2-2h5",
};

export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat());
  return element;
}

export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, s("path", { d: SHAPES[name] }));
}

// Makes the children of an element these, without touching those that stay: what plays goes on playing.
export function arrange(parent, items) {
  const stay = new Set(items);
  for (const child of [...parent.childNodes]) if (!stay.has(child)) child.remove();
  items.forEach((item, at) => {
    if (parent.childNodes[at] !== item) parent.insertBefore(item, parent.childNodes[at] || null);
  });
}

export function closeOnBackdrop(dialog) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
