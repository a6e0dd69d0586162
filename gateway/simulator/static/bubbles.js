// One message, or one album, as Telegram shows it: quote, content, words, time, buttons, reactions.

import { h, icon } from "./dom.js";
import { fullDate, t, time } from "./i18n.js";
import { item, menu } from "./menu.js";
import { file, film, kindOf, music, picture, piece } from "./pieces.js";
import { rich } from "./text.js";

const QUICK = ["👍", "❤", "😁", "🔥", "👏", "🎉", "😢", "🙏"];
const BARE = new Set(["sticker", "video_note"]); // shown without a bubble
const WIDE = new Set(["photo", "video", "animation", "location", "venue"]); // reach to its edge
const EDITABLE = ["text", "photo", "video", "audio", "voice", "animation", "document"];

export function excerpt(message) {
  const text = message.text || message.caption;
  if (text) return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  if (message.sticker) return t("sticker.of", { emoji: message.sticker.emoji || "" });
  return t(`kind.${kindOf(message)}`);
}

function words(message) {
  const text = message.text ?? message.caption;
  return text ? h("div", { class: "text", dir: "auto" }, rich(text, message.entities || message.caption_entities)) : null;
}

function quoted(message, actions) {
  const { reply_to_message: about, quote } = message;
  if (!about) return null;
  const who = about.from?.is_bot ? about.from.first_name : t("you");
  return h("button", { type: "button", class: "quote", "aria-label": t("quote.of", { what: quote?.text || excerpt(about) }), onclick: () => actions.show(about.message_id) },
    h("strong", { dir: "auto" }, who), h("span", { dir: "auto" }, quote ? rich(quote.text, quote.entities) : excerpt(about)));
}

function button(one, kept, actions) {
  if (one.url) {
    return h("a", { class: "inline", href: /^https?:/i.test(one.url) ? one.url : "#", target: "_blank", rel: "noopener noreferrer" }, one.text, " ↗");
  }
  const waiting = actions.waiting(kept.message_id, one.callback_data);
  return h("button", { type: "button", class: "inline", disabled: !("callback_data" in one), "aria-busy": waiting ? "true" : null,
    onclick: () => actions.press(kept.message_id, one.callback_data) },
  one.text, waiting ? h("span", { class: "spinner", role: "img", "aria-label": t("button.waiting") }) : null);
}

// What somebody can do with a message; a selected piece of its text becomes the quote.
function tools(kept, actions) {
  const what = excerpt(kept.message);
  let selected = "";
  const remember = () => {
    const chosen = document.getSelection();
    const inside = chosen.rangeCount && chosen.anchorNode?.parentElement?.closest(`[data-id="${kept.message_id}"] .text`);
    selected = inside ? chosen.toString().trim() : "";
  };
  const open = () => menu(more, t("more.what", { what }),
    h("div", { class: "quick", role: "group", "aria-label": t("react") }, QUICK.map((emoji) =>
      h("button", { type: "button", role: "menuitem", "aria-label": t("react.with", { emoji }), onclick: () => actions.react(kept, emoji) }, emoji))),
    item("reply", selected ? t("reply.quote") : t("reply"), () => actions.reply(kept, selected)),
    kept.direction === "in" && EDITABLE.some((name) => kept.message[name]) ? item("edit", t("edit"), () => actions.edit(kept)) : null,
    kept.direction === "in" ? item("remove", t("delete"), () => actions.remove(kept)) : null);
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

function meta(message) {
  const when = new Date(message.date * 1000);
  return h("span", { class: "meta", title: fullDate(when) },
    message.edit_date ? h("em", {}, t("edited")) : null, h("time", { datetime: when.toISOString() }, time(when)));
}

function framed(kept, actions, joined, kind, inside) {
  const { message } = kept;
  const mine = kept.direction === "in";
  const rows = message.reply_markup?.inline_keyboard || [];
  const looks = [mine ? "own" : "bot", joined ? "joined" : "", BARE.has(kind) ? "bare" : "", WIDE.has(kind) ? "pictured" : ""];
  return h("div", { class: `message ${looks.filter(Boolean).join(" ")}`, "data-id": kept.message_id, "data-kind": kind },
    h("div", { class: "row" },
      h("div", { class: "bubble" },
        h("span", { class: "hidden" }, mine ? t("you.wrote") : t("bot.wrote", { name: message.from.first_name })),
        quoted(message, actions), inside, meta(message)),
      tools(kept, actions)),
    rows.length ? h("div", { class: "keyboard" }, rows.map((row) => h("div", {}, row.map((one) => button(one, kept, actions))))) : null,
    reactions(kept, actions));
}

export function bubble(kept, place, actions, joined) {
  return framed(kept, actions, joined, kindOf(kept.message), [piece(kept.message, place), words(kept.message)]);
}

// The messages of an album in one bubble: pictures and clips in a grid, songs and files in a list.
export function album(all, place, actions, joined) {
  const seen = all.some(({ message }) => message.photo || message.video);
  const show = { photo: picture, video: film, audio: music, document: file };
  const tiles = all.map(({ message, message_id: id }) => h("div", { class: "tile", "data-id": id }, show[kindOf(message)]?.(message, place)));
  const inside = [h("div", { class: seen ? "grid" : "stack", "data-count": all.length }, tiles), all.map((kept) => words(kept.message))];
  const reacted = { ...all[0], reactions: Object.assign({}, ...all.map((kept) => kept.reactions)) };
  return framed(reacted, actions, joined, seen ? "photo" : kindOf(all[0].message), inside);
}
