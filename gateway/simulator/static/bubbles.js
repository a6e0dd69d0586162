// One line, or one album, as an app shows it: quote, content, words, time and ticks, buttons, reactions.

import { choices, offers } from "./choices.js";
import { h, icon } from "./dom.js";
import { fullDate, has, t, time } from "./i18n.js";
import { item, menu } from "./menu.js";
import { piece } from "./pieces.js";
import { rich } from "./text.js";

const QUICK = ["👍", "❤", "😁", "🔥", "👏", "🎉", "😢", "🙏"];
const BARE = new Set(["sticker", "video_note"]); // shown without a bubble
const WIDE = new Set(["photo", "video", "animation", "location", "venue", "story"]); // reach to its edge
const BELOW = new Set(["buttons", "list", "quick_replies"]); // stand under the bubble
const SAID = new Set(["media", "location", "contact", "cards", "notice", "story", "summary"]);

// What a line is, in a word: its first part that is not text.
export function kindOf(kept) {
  const part = kept.parts.find((one) => SAID.has(one.kind));
  if (!part) return "message";
  return part.as || (part.kind === "location" && part.title ? "venue" : part.kind);
}

function named(kind, text, emoji = "") {
  if (text) return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  if (kind === "sticker") return t("sticker.of", { emoji });
  return t(has(`kind.${kind}`) ? `kind.${kind}` : "kind.message");
}

export const excerpt = (kept) => named(kindOf(kept), kept.text, kept.parts.find((one) => one.emoji)?.emoji);

export const words = (kept) => kept.parts.find((one) => one.kind === "text") || { text: "" };

const said = (part) => h("div", { class: "text", dir: "auto" }, rich(part.text, part.entities));

function quoted(kept, actions) {
  const about = kept.reply_to;
  if (!about) return null;
  const who = about.direction === "out" ? about.name || actions.bot() : t("you");
  const what = named(about.kind === "text" ? "message" : about.kind, about.text);
  return h("button", { type: "button", class: "quote", "aria-label": t("quote.of", { what }), onclick: () => actions.show(about.message_id) },
    h("strong", { dir: "auto" }, who), h("span", { dir: "auto" }, about.text ? rich(about.text, about.entities) : what));
}

// What somebody can do with a line; a selected piece of its text becomes the quote.
function tools(kept, actions) {
  const what = excerpt(kept);
  const mine = kept.direction === "in";
  const editable = mine && kept.parts.some((one) => one.kind === "text" || (one.kind === "media" && !BARE.has(one.as)));
  const can = { react: actions.can("react"), reply: actions.says("reply"), edit: editable && actions.can("edit"), remove: mine && actions.can("delete"), listen: !mine && ["voice", "audio"].includes(kindOf(kept)) && actions.can("listen") };
  if (!Object.values(can).some(Boolean)) return null;
  let selected = "";
  const remember = () => {
    const chosen = document.getSelection();
    const inside = chosen.rangeCount && chosen.anchorNode?.parentElement?.closest(`[data-id="${kept.message_id}"] .text`);
    selected = inside && actions.says("quote") ? chosen.toString().trim() : "";
  };
  const open = () => menu(more, t("more.what", { what }),
    can.react ? h("div", { class: "quick", role: "group", "aria-label": t("react") }, QUICK.map((emoji) =>
      h("button", { type: "button", role: "menuitem", "aria-label": t("react.with", { emoji }), onclick: () => actions.react(kept, emoji) }, emoji))) : null,
    can.reply ? item("reply", selected ? t("reply.quote") : t("reply"), () => actions.reply(kept, selected)) : null,
    can.listen ? item("play", t("listen"), () => actions.listen(kept)) : null,
    can.edit ? item("edit", t("edit"), () => actions.edit(kept)) : null,
    can.remove ? item("remove", t("delete"), () => actions.remove(kept)) : null);
  const more = h("button", { type: "button", class: "quiet tools", title: t("more"), "aria-label": t("more.what", { what }), "aria-haspopup": "menu", "aria-expanded": "false", onpointerdown: remember, onclick: open }, icon("more"));
  return more;
}

function reactions(kept, actions) {
  const chips = Object.entries(kept.reactions).flatMap(([who, all]) => all.map((emoji) => {
    const mine = who === "person";
    const label = t(mine ? "reacted.you" : "reacted.bot", { emoji, name: actions.bot() });
    return h(mine ? "button" : "span", { class: `reaction${mine ? " mine" : ""}`, title: label, "aria-label": label, role: mine ? null : "img", onclick: mine ? () => actions.react(kept, "") : null }, emoji);
  }));
  return chips.length ? h("p", { class: "reactions" }, chips) : null;
}

// A clock, one tick, two ticks, two filled ones; in words for whoever does not see them.
function ticks(kept) {
  if (!kept.status) return null;
  const label = kept.error ? t("status.failed.why", { why: kept.error }) : t(`status.${kept.status}`);
  return h("span", { class: "ticks", "data-status": kept.status, role: "img", title: label, "aria-label": label }, icon(`tick-${kept.status}`));
}

function meta(kept) {
  const when = new Date(kept.at * 1000);
  return h("span", { class: "meta", title: fullDate(when) },
    kept.segments ? h("span", { class: "segments" }, t("segments", { count: kept.segments })) : null,
    kept.edited ? h("em", {}, t("edited")) : null, h("time", { datetime: when.toISOString() }, time(when)), ticks(kept));
}

function framed(kept, actions, joined, kind, inside) {
  const mine = kept.direction === "in";
  const looks = [mine ? "own" : "bot", joined ? "joined" : "", BARE.has(kind) ? "bare" : "", WIDE.has(kind) ? "pictured" : "", kept.status === "failed" ? "lost" : ""];
  return h("div", { class: `message ${looks.filter(Boolean).join(" ")}`, "data-id": kept.message_id, "data-kind": kind },
    h("div", { class: "row" },
      h("div", { class: "bubble" },
        h("span", { class: "hidden" }, mine ? t("you.wrote") : t("bot.wrote", { name: kept.from || actions.bot() })),
        quoted(kept, actions), inside, meta(kept)),
      tools(kept, actions)),
    choices(kept, actions), actions.latest(kept) ? offers(kept, actions) : null,
    reactions(kept, actions));
}

const drawn = (kept, place, actions) => kept.parts.filter((one) => !BELOW.has(one.kind)).map((one) => (one.kind === "text" ? said(one) : piece(one, place, kept, actions)));

export function bubble(kept, place, actions, joined) {
  return framed(kept, actions, joined, kindOf(kept), drawn(kept, place, actions));
}

// The lines of an album in one bubble: pictures and clips in a grid, songs and files in a list; the words below.
export function album(all, place, actions, joined) {
  const seen = all.some((kept) => ["photo", "video"].includes(kindOf(kept)));
  const media = (kept) => kept.parts.filter((one) => one.kind === "media");
  const tiles = all.map((kept) => h("div", { class: "tile", "data-id": kept.message_id }, media(kept).map((one) => piece(one, place, kept, actions))));
  const texts = all.flatMap((kept) => kept.parts.filter((one) => one.kind === "text").map(said));
  const inside = [h("div", { class: seen ? "grid" : "stack", "data-count": all.length }, tiles), texts];
  const reacted = { ...all[0], reactions: Object.assign({}, ...all.map((kept) => kept.reactions)) };
  return framed(reacted, actions, joined, seen ? "photo" : kindOf(all[0]), inside);
}
