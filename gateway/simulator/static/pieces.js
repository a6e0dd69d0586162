// What a message carries, each kind as Telegram shows it: pictures, clips, sounds, files, places, cards, stickers.

import { closeOnBackdrop, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { map } from "./map.js";
import { clock, sound } from "./sound.js";

const LARGE = { width: 264, height: 320 };
const still = matchMedia("(prefers-reduced-motion: reduce)");

const at = (place, file) => `api/${place}/files/${encodeURIComponent(file.file_id)}`;

export function fitted({ width, height }, most = LARGE) {
  if (!width || !height) return { width: most.width, height: Math.round(most.width * 0.6) };
  const scale = Math.min(1, most.width / width, most.height / height);
  return { width: Math.max(40, Math.round(width * scale)), height: Math.max(40, Math.round(height * scale)) };
}

function viewer(inside, label) {
  closeOnBackdrop(h("dialog", { class: "viewer", "aria-label": label }, inside,
    h("form", { method: "dialog" }, h("button", { class: "quiet", "aria-label": t("close") }, icon("close")))));
}

export function picture(message, place) {
  const full = message.photo.at(-1);
  const address = at(place, full);
  const alt = message.caption || t("picture");
  return h("button", { type: "button", class: "picture", "aria-label": t("picture.open", { what: alt }), onclick: () => viewer(h("img", { src: address, alt }), alt) },
    h("img", { src: address, alt: "", loading: "lazy", ...fitted(full) }));
}

export function film(message, place) {
  const { video } = message;
  const address = at(place, video);
  const alt = message.caption || t("video");
  const shown = () => viewer(h("video", { src: address, controls: true, autoplay: !still.matches, playsinline: true }), alt);
  return h("button", { type: "button", class: "picture film", "aria-label": t("video.open", { what: alt }), onclick: shown },
    h("video", { src: `${address}#t=0.1`, preload: "metadata", muted: true, playsinline: true, tabindex: "-1", ...fitted(video) }),
    h("span", { class: "over" }, icon("play")), h("span", { class: "length" }, clock(video.duration)));
}

function moving(message, place) {
  const { animation } = message;
  const label = message.caption || t("animation");
  if (animation.mime_type === "image/gif") return h("img", { class: "moving", src: at(place, animation), alt: label, ...fitted(animation) });
  return h("video", { class: "moving", src: at(place, animation), "aria-label": label, autoplay: !still.matches, controls: still.matches, loop: true, muted: true, playsinline: true, ...fitted(animation) });
}

function round(message, place) {
  const note = message.video_note;
  const video = h("video", { src: `${at(place, note)}#t=0.1`, preload: "metadata", playsinline: true, tabindex: "-1", width: 200, height: 200 });
  const over = h("span", { class: "over" }, icon("play"));
  const turn = () => (video.paused ? video.play() : video.pause());
  video.addEventListener("play", () => { over.hidden = true; });
  for (const happened of ["pause", "ended"]) video.addEventListener(happened, () => { over.hidden = false; });
  return h("button", { type: "button", class: "round", "aria-label": t("play.what", { what: t("kind.video_note") }), onclick: turn },
    video, over, h("span", { class: "length" }, clock(note.duration)));
}

function sticker(message, place) {
  const { sticker: one } = message;
  const label = t("sticker.of", { emoji: one.emoji || "" });
  if (one.is_animated) return h("p", { class: "emoji", role: "img", "aria-label": label }, one.emoji || "🖼");
  if (one.is_video) return h("video", { class: "sticker", src: at(place, one), "aria-label": label, autoplay: !still.matches, loop: true, muted: true, playsinline: true });
  return h("img", { class: "sticker", src: at(place, one), alt: label, ...fitted(one, { width: 148, height: 148 }) });
}

function size(bytes) {
  return bytes > 1e6 ? t("size.mb", { n: (bytes / 1e6).toFixed(1) }) : t("size.kb", { n: Math.ceil(bytes / 1e3) });
}

export function file(message, place) {
  const { document: one } = message;
  const name = one.file_name || t("file");
  return h("a", { class: "file", href: at(place, one), download: name },
    h("span", { class: "disc" }, icon("file")), h("span", {}, h("strong", { dir: "auto" }, name), h("small", {}, size(one.file_size))));
}

export function music(message, place) {
  const { audio } = message;
  const title = audio.title || audio.file_name || t("audio");
  const name = h("p", {}, h("strong", { dir: "auto" }, title), audio.performer ? h("small", { dir: "auto" }, audio.performer) : null);
  return sound(at(place, audio), audio, title, name);
}

function card(message) {
  const one = message.contact;
  const name = [one.first_name, one.last_name].filter(Boolean).join(" ");
  const mails = [...(one.vcard || "").matchAll(/^EMAIL[^:\r\n]*:(.+)$/gm)].map((found) => found[1].trim());
  return h("div", { class: "card-of" }, h("span", { class: "disc", "aria-hidden": "true" }, (name.trim()[0] || "?").toUpperCase()),
    h("p", {}, h("strong", { dir: "auto" }, name), h("a", { href: `tel:${one.phone_number.replace(/[^+\d]/g, "")}` }, one.phone_number), mails.map((mail) => h("small", {}, mail))));
}

// The one file of a message; an animation has a document too, and a venue a location.
const KINDS = {
  photo: picture, video: film, animation: moving, video_note: round, sticker,
  voice: (message, place) => sound(at(place, message.voice), message.voice, t("voice")),
  audio: music, document: file,
  venue: (message) => map(message.venue.location, message.venue.title, message.venue.address),
  location: (message) => map(message.location),
  contact: card,
};

export const kindOf = (message) => Object.keys(KINDS).find((kind) => message[kind]) || "message";

export function piece(message, place) {
  const kind = kindOf(message);
  return kind === "message" ? null : KINDS[kind](message, place);
}
