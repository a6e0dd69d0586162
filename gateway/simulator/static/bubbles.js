// One message as Telegram would show it: text, picture, file, place, card, quote, buttons, reactions, time.

import { closeOnBackdrop, h, icon } from "./dom.js";
import { fullDate, t, time } from "./i18n.js";
import { rich } from "./text.js";

function picture(message, place) {
  const full = message.photo.at(-1);
  const address = `api/${place}/files/${encodeURIComponent(full.file_id)}`;
  const scale = Math.min(1, 264 / full.width, 320 / full.height);
  const size = { width: Math.max(40, Math.round(full.width * scale)), height: Math.max(40, Math.round(full.height * scale)) };
  const alt = message.caption || t("picture");
  const show = () =>
    closeOnBackdrop(h("dialog", { class: "viewer", "aria-label": alt },
      h("img", { src: address, alt }),
      h("form", { method: "dialog" }, h("button", { class: "quiet", "aria-label": t("close") }, icon("close")))));
  return h("button", { type: "button", class: "picture", "aria-label": t("picture.open", { what: alt }), onclick: show },
    h("img", { src: address, alt: "", loading: "lazy", ...size }));
}

function file(what, name, place) {
  const size = what.file_size > 1e6 ? t("size.mb", { n: (what.file_size / 1e6).toFixed(1) }) : t("size.kb", { n: Math.ceil(what.file_size / 1e3) });
  return h("a", { class: "file", href: `api/${place}/files/${encodeURIComponent(what.file_id)}`, download: name },
    icon("file"), h("span", {}, h("strong", {}, name), h("small", {}, size)));
}

function content(message, place) {
  const parts = [];
  if (message.photo) parts.push(picture(message, place));
  if (message.document) parts.push(file(message.document, message.document.file_name || t("file"), place));
  if (message.voice) parts.push(file(message.voice, t("voice"), place));
  if (message.location) {
    const { latitude, longitude } = message.location;
    parts.push(h("p", { class: "card" }, h("strong", {}, t("location")), ` ${latitude.toFixed(5)}, ${longitude.toFixed(5)}`));
  }
  if (message.contact) {
    const name = [message.contact.first_name, message.contact.last_name].filter(Boolean).join(" ");
    parts.push(h("p", { class: "card" }, h("strong", {}, name), ` ${message.contact.phone_number}`));
  }
  const text = message.text ?? message.caption;
  if (text) parts.push(h("div", { class: "text", dir: "auto" }, rich(text, message.entities || message.caption_entities)));
  return parts;
}

export function excerpt(message) {
  const text = message.text || message.caption;
  if (text) return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const kind = ["photo", "document", "voice", "location", "contact"].find((name) => message[name]) || "message";
  return t(`kind.${kind}`);
}

function button(item, kept, actions) {
  if (item.url) {
    return h("a", { class: "inline", href: /^https?:/i.test(item.url) ? item.url : "#", target: "_blank", rel: "noopener noreferrer" }, item.text, " ↗");
  }
  const waiting = actions.waiting(kept.message_id, item.callback_data);
  return h("button", { type: "button", class: "inline", disabled: !("callback_data" in item), "aria-busy": waiting ? "true" : null,
    onclick: () => actions.press(kept.message_id, item.callback_data) },
  item.text, waiting ? h("span", { class: "spinner", role: "img", "aria-label": t("button.waiting") }) : null);
}

function tools(kept, actions) {
  const mine = kept.direction === "in";
  return h("span", { class: "tools" },
    h("button", { type: "button", class: "quiet", title: t("reply"), "aria-label": t("reply.to", { what: excerpt(kept.message) }), onclick: () => actions.reply(kept) }, icon("reply")),
    mine && (kept.message.text || kept.message.caption || kept.message.photo)
      ? h("button", { type: "button", class: "quiet edit", title: t("edit"), "aria-label": t("edit.what", { what: excerpt(kept.message) }), onclick: () => actions.edit(kept) }, icon("edit"))
      : null);
}

export function bubble(kept, place, actions, joined) {
  const { message } = kept;
  const mine = kept.direction === "in";
  const when = new Date(message.date * 1000);
  const rows = message.reply_markup?.inline_keyboard || [];
  const quote = message.reply_to_message;
  const reactions = Object.values(kept.reactions).flat();
  return h("div", { class: `message ${mine ? "own" : "bot"}${joined ? " joined" : ""}${message.photo ? " pictured" : ""}`, "data-id": kept.message_id },
    h("div", { class: "row" },
      h("div", { class: "bubble" },
        h("span", { class: "hidden" }, mine ? t("you.wrote") : t("bot.wrote", { name: message.from.first_name })),
        quote ? h("blockquote", { class: "quote", dir: "auto" }, excerpt(quote)) : null,
        content(message, place),
        h("span", { class: "meta", title: fullDate(when) },
          message.edit_date ? h("em", {}, t("edited")) : null, h("time", { datetime: when.toISOString() }, time(when)))),
      tools(kept, actions)),
    rows.length ? h("div", { class: "keyboard" }, rows.map((row) => h("div", {}, row.map((item) => button(item, kept, actions))))) : null,
    reactions.length ? h("p", { class: "reactions", "aria-label": t("reactions") }, reactions.join(" ")) : null);
}
