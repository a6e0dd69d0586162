// JSON as one likes to read it: indented, coloured by kind, selectable as plain text.

import { h } from "./dom.js";

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export function pretty(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return h("pre", { class: "json", tabindex: "0" }, value);
  const text = JSON.stringify(value, null, 2);
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > at) nodes.push(text.slice(at, match.index));
    const kind = match[2] ? "key" : match[1] ? "string" : match[3] ? "word" : "number";
    nodes.push(h("span", { class: kind }, match[1] || match[0]), match[2] || "");
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return h("pre", { class: "json", tabindex: "0" }, nodes);
}
