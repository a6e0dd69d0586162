// What a line carries, each part as an app shows it: pictures, clips, sounds, files, places, cards, stickers.

import { keyboard } from "./choices.js";
import { closeOnBackdrop, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { map } from "./map.js";
import { clock, sound } from "./sound.js";

const LARGE = { width: 264, height: 320 };
const still = matchMedia("(prefers-reduced-motion: reduce)");

const at = (place, part) => `api/${place}/files/${encodeURIComponent(part.file)}`;

export function fitted({ width, height }, most = LARGE) {
  if (!width || !height) return { width: most.width, height: Math.round(most.width * 0.6) };
  const scale = Math.min(1, most.width / width, most.height / height);
  return { width: Math.max(40, Math.round(width * scale)), height: Math.max(40, Math.round(height * scale)) };
}

function viewer(inside, label) {
  closeOnBackdrop(h("dialog", { class: "viewer", "aria-label": label }, inside,
    h("form", { method: "dialog" }, h("button", { class: "quiet", "aria-label": t("close") }, icon("close")))));
}

function picture(part, place, kept) {
  const address = at(place, part);
  const alt = kept.text || t("picture");
  return h("button", { type: "button", class: "picture", "aria-label": t("picture.open", { what: alt }), onclick: () => viewer(h("img", { src: address, alt }), alt) },
    h("img", { src: address, alt: "", loading: "lazy", ...fitted(part) }));
}

function film(part, place, kept) {
  const address = at(place, part);
  const alt = kept.text || t("video");
  const shown = () => viewer(h("video", { src: address, controls: true, autoplay: !still.matches, playsinline: true }), alt);
  return h("button", { type: "button", class: "picture film", "aria-label": t("video.open", { what: alt }), onclick: shown },
    h("video", { src: `${address}#t=0.1`, preload: "metadata", muted: true, playsinline: true, tabindex: "-1", ...fitted(part) }),
    h("span", { class: "over" }, icon("play")), h("span", { class: "length" }, clock(part.seconds || 0)));
}

function moving(part, place, kept) {
  const label = kept.text || t("animation");
  if (part.mime === "image/gif") return h("img", { class: "moving", src: at(place, part), alt: label, ...fitted(part) });
  return h("video", { class: "moving", src: at(place, part), "aria-label": label, autoplay: !still.matches, controls: still.matches, loop: true, muted: true, playsinline: true, ...fitted(part) });
}

function round(part, place) {
  const video = h("video", { src: `${at(place, part)}#t=0.1`, preload: "metadata", playsinline: true, tabindex: "-1", width: 200, height: 200 });
  const over = h("span", { class: "over" }, icon("play"));
  const turn = () => (video.paused ? video.play() : video.pause());
  video.addEventListener("play", () => { over.hidden = true; });
  for (const happened of ["pause", "ended"]) video.addEventListener(happened, () => { over.hidden = false; });
  return h("button", { type: "button", class: "round", "aria-label": t("play.what", { what: t("kind.video_note") }), onclick: turn },
    video, over, h("span", { class: "length" }, clock(part.seconds || 0)));
}

function sticker(part, place) {
  const label = t("sticker.of", { emoji: part.emoji || "" });
  if (part.is_animated) return h("p", { class: "emoji", role: "img", "aria-label": label }, part.emoji || "🖼");
  if (part.is_video) return h("video", { class: "sticker", src: at(place, part), "aria-label": label, autoplay: !still.matches, loop: true, muted: true, playsinline: true });
  return h("img", { class: "sticker", src: at(place, part), alt: label, ...fitted(part, { width: 148, height: 148 }) });
}

function size(bytes) {
  return bytes > 1e6 ? t("size.mb", { n: (bytes / 1e6).toFixed(1) }) : t("size.kb", { n: Math.ceil(bytes / 1e3) });
}

function file(part, place) {
  const name = part.name || t("file");
  return h("a", { class: "file", href: at(place, part), download: name },
    h("span", { class: "disc" }, icon("file")), h("span", {}, h("strong", { dir: "auto" }, name), h("small", {}, size(part.bytes || 0))));
}

const length = (part) => ({ ...part, duration: part.seconds || 0 });

function music(part, place) {
  const title = part.title || part.name || t("audio");
  const name = h("p", {}, h("strong", { dir: "auto" }, title), part.performer ? h("small", { dir: "auto" }, part.performer) : null);
  return sound(at(place, part), length(part), title, name);
}

function card(part) {
  const written = [...(part.vcard || "").matchAll(/^EMAIL[^:\r\n]*:(.+)$/gm)].map((found) => found[1].trim());
  return h("div", { class: "card-of" }, h("span", { class: "disc", "aria-hidden": "true" }, (part.name.trim()[0] || "?").toUpperCase()),
    h("p", {}, h("strong", { dir: "auto" }, part.name), part.phones.map((phone) => h("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}` }, phone)),
      [...part.mails, ...written].map((mail) => h("small", {}, mail))));
}

function carousel(part, place, kept, actions) {
  return h("ul", { class: "carousel", tabindex: "0" }, part.items.map((one) => h("li", {},
    one.file ? h("img", { src: at(place, one), alt: "", loading: "lazy" }) : null,
    h("p", {}, h("strong", { dir: "auto" }, one.title), one.about ? h("small", { dir: "auto" }, one.about) : null),
    one.rows?.length ? keyboard(one.rows, kept, actions) : null)));
}

const story = (part, place, kept) => [h("p", { class: "made-from" }, t(`story.${part.what}`)), picture(part, place, kept)];

function summary(part) {
  const row = ([name, value]) => h("div", {}, h("dt", { dir: "auto" }, name), h("dd", { dir: "auto" }, value));
  return h("div", { class: "summary" }, h("h4", {}, t(`kind.${part.as}`)), h("dl", {}, part.rows.map(row)));
}

const MEDIA = {
  photo: picture, video: film, animation: moving, video_note: round, sticker, audio: music, document: file,
  voice: (part, place) => sound(at(place, part), length(part), t("voice")),
};
const KINDS = {
  media: (part, ...rest) => (MEDIA[part.as] || file)(part, ...rest),
  location: (part) => map(part, part.title, part.address),
  contact: card,
  cards: carousel,
  story,
  summary,
  template: (part) => h("p", { class: "made-from" }, t("template", { name: part.name })),
  notice: (part) => h("p", { class: "notice", dir: "auto" }, part.text),
};

export const piece = (part, place, kept, actions) => KINDS[part.kind]?.(part, place, kept, actions) ?? null;
