// A message's text with its entities; offsets are UTF-16 code units, as JavaScript counts too.

import { h } from "./dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote",
  expandable_blockquote: "blockquote", spoiler: "mark",
};
const SAFE = /^(https?:|mailto:|tel:)/i;

function link(href, inside) {
  if (!SAFE.test(href)) return h("span", {}, inside);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, inside);
}

function wrap(entity, plain, inside) {
  if (entity.type === "text_link") return link(entity.url, inside);
  if (entity.type === "url") return link(plain, inside);
  if (entity.type === "email") return link(`mailto:${plain}`, inside);
  if (entity.type === "bot_command") return h("span", { class: "command" }, inside);
  if (entity.type === "spoiler") return h("mark", { class: "spoiler", tabindex: "0" }, inside);
  return TAGS[entity.type] ? h(TAGS[entity.type], {}, inside) : h("span", {}, inside);
}

export function rich(text, entities = [], from = 0, to = text.length) {
  const nodes = [];
  let at = from;
  const inside = entities.filter((e) => e.offset >= from && e.offset + e.length <= to);
  while (inside.length) {
    const entity = inside.shift();
    if (entity.offset < at) continue;
    const end = entity.offset + entity.length;
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    const nested = inside.filter((e) => e.offset + e.length <= end);
    nodes.push(wrap(entity, text.slice(entity.offset, end), rich(text, nested, entity.offset, end)));
    at = end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}
