// What can be sent beside words: the menu, and a small form for each thing that is not a file.

import { ask } from "./ask.js";
import { closeOnBackdrop, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { item, menu } from "./menu.js";

const PLACES = [
  { title: "Café de la Mairie", address: "8 place Saint-Sulpice, Paris", latitude: 48.85106, longitude: 2.33352 },
  { title: "", address: "", latitude: 51.50735, longitude: -0.12776 },
];
const STICKERS = { "👋": "wave", "👍": "yes", "❤": "heart", "🎉": "party", "😢": "sad", "☕": "coffee" };
const GARDENS = ["photo", "photo", "photo", "video"].map((type) => ({ type, media: "sample" }));

function field(name, attributes = {}) {
  return h("label", {}, h("span", {}, t(`field.${name}`)), h("input", { name, autocomplete: "off", ...attributes }));
}

function location(say) {
  const number = { type: "number", step: "any", required: true };
  const [cafe] = PLACES;
  ask(t("attach.location"), [
    field("latitude", { ...number, min: -90, max: 90, value: cafe.latitude }), field("longitude", { ...number, min: -180, max: 180, value: cafe.longitude }),
    field("title", { value: cafe.title, maxlength: 100 }), field("address", { value: cafe.address, maxlength: 200 })],
  ({ latitude, longitude, title, address }) => say({ location: { latitude: Number(latitude), longitude: Number(longitude), ...(title ? { title, address } : {}) } }));
}

function contact(say) {
  ask(t("attach.contact"), [
    field("first_name", { required: true, value: "Mary", maxlength: 64 }), field("last_name", { value: "Grant", maxlength: 64 }),
    field("phone_number", { type: "tel", required: true, value: "+442079460123", maxlength: 32 })],
  ({ last_name: last, ...card }) => say({ contact: last ? { ...card, last_name: last } : card }));
}

function stickers(say) {
  const dialog = h("dialog", { class: "stickers", "aria-label": t("attach.sticker") }, h("h2", {}, t("attach.sticker")),
    h("div", {}, Object.entries(STICKERS).map(([emoji, name]) =>
      h("button", { type: "button", "aria-label": t("sticker.of", { emoji }), onclick: () => { dialog.close(); say({ sticker: emoji }); } },
        h("img", { src: `static/samples/${name}.webp`, alt: "", width: 84, height: 84 })))),
    h("form", { method: "dialog", class: "ends" }, h("button", {}, t("cancel"))));
  closeOnBackdrop(dialog);
}

// `choose(kind)` lets somebody pick files, `say(fields)` sends at once; the channel says what its app can send.
export function attach(button, choose, say, { says }) {
  const any = (...kinds) => kinds.some((kind) => says.includes(kind));
  const sample = (kind) => h("button", { type: "button", role: "menuitem", class: "chip", onclick: () => say(kind === "album" ? { album: GARDENS } : { [kind]: "sample" }) }, t(`sample.${kind}`));
  const samples = ["photo", "album", "video", "video_note", "animation", "voice", "audio", "document"].filter((kind) => says.includes(kind));
  menu(button, t("attach"),
    any("photo", "video") ? item("picture", t("attach.media"), () => choose("media")) : null,
    any("document") ? item("file", t("attach.document"), () => choose("document")) : null,
    any("audio") ? item("music", t("attach.audio"), () => choose("audio")) : null,
    any("sticker") ? item("sticker", t("attach.sticker"), () => stickers(say)) : null,
    any("location") ? item("place", t("attach.location"), () => location(say)) : null,
    any("contact") ? item("person", t("attach.contact"), () => contact(say)) : null,
    samples.length ? h("p", { class: "hint" }, t("sample")) : null,
    samples.length ? h("div", { class: "chips" }, samples.map(sample)) : null);
}

// No microphone: a sample, or a file.
export function noMicrophone(choose, say) {
  const dialog = h("dialog", { class: "form", "aria-label": t("voice") }, h("form", { method: "dialog" },
    h("h2", {}, t("voice")), h("p", { class: "hint" }, t("voice.none")),
    h("div", { class: "ends" }, h("button", {}, t("cancel")),
      h("button", { type: "button", onclick: () => { dialog.close(); choose("voice"); } }, icon("file"), t("voice.file")),
      h("button", { type: "button", class: "primary", onclick: () => { dialog.close(); say({ voice: "sample" }); } }, t("sample.voice")))));
  closeOnBackdrop(dialog);
}
