// Where somebody writes: words with formatting, files, a voice, a reply, an edit.

import { post } from "./api.js";
import { attach, noMicrophone } from "./attach.js";
import { excerpt, words } from "./bubbles.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { record } from "./recorder.js";
import { clock } from "./sound.js";
import { typed, untyped } from "./typed.js";

const ACCEPTED = { media: "image/png,image/jpeg,image/gif,image/webp,video/mp4", document: "", audio: "audio/*", voice: "audio/*" };
const ALBUM = 10;
const FRESH = { mode: "write", about: null, quote: "", files: [] };

function kindOf(file, chosen) {
  if (chosen !== "media") return chosen;
  if (file.type === "image/gif") return "animation";
  return file.type.startsWith("image/") ? "photo" : file.type.startsWith("video/") ? "video" : "document";
}

// Files as apps with albums group them: up to ten pictures and clips together, files and songs with their own kind.
export function groups(files, albums = true) {
  if (!albums) return files.map((one) => [one]);
  const made = [];
  for (const one of files) {
    const kin = { photo: "seen", video: "seen", document: "document", audio: "audio" }[one.kind];
    const last = made.at(-1);
    if (kin && last?.kin === kin && last.files.length < ALBUM) last.files.push(one);
    else made.push({ kin, files: [one] });
  }
  return made.map((group) => group.files);
}

export class Composer {
  constructor(chat, sent, channel) {
    this.chat = chat;
    this.sent = sent;
    this.channel = channel;
    this.draft = { ...FRESH };
  }

  draw() {
    const kept = this.input?.value || "";
    this.input = h("textarea", { id: "write", rows: 1, maxlength: 4096, dir: "auto", "aria-label": t("write"), placeholder: t("write"),
      onkeydown: (event) => this.key(event), oninput: () => this.grow() });
    this.picker = h("input", { type: "file", id: "files", multiple: true, class: "hidden", tabindex: "-1", "aria-label": t("attach"), onchange: () => this.attached() });
    this.strip = h("div", { class: "strip", hidden: true });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    this.button = h("button", { type: "submit", class: "send" });
    const clip = h("button", { type: "button", id: "attach", class: "quiet", title: t("attach"), "aria-label": t("attach"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => attach(clip, (kind) => this.choose(kind), (fields) => this.say(fields), this.channel()) }, icon("attach"));
    clip.hidden = this.channel().says.every((kind) => ["text", "reply"].includes(kind));
    const form = h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.act(); } },
      this.error, this.strip, h("div", { class: "line" }, this.picker, clip, this.input, this.button));
    this.input.value = kept;
    this.grow();
    return form;
  }

  says(kind) { return this.channel().says.includes(kind); }

  get empty() { return !this.input.value.trim() && !this.draft.files.length; }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 120)}px`;
    const voice = this.says("voice") && this.empty && this.draft.mode !== "edit" && !this.recording;
    const name = voice ? t("voice.record") : t("send");
    this.button.replaceChildren(icon(voice ? "mic" : "send"));
    this.button.title = name;
    this.button.setAttribute("aria-label", name);
  }

  begin(mode, kept, quote = "") {
    this.draft = { ...FRESH, mode, about: kept, quote };
    if (mode === "edit") this.input.value = untyped(words(kept).text, words(kept).entities);
    this.showStrip(t(mode === "edit" ? "editing" : quote ? "quoting" : "replying"), quote || excerpt(kept));
    this.input.focus();
    this.grow();
  }

  choose(kind) {
    this.chosen = kind;
    this.picker.accept = ACCEPTED[kind];
    this.picker.click();
  }

  attached() {
    const kind = this.chosen || "media";
    this.draft.files = [...this.picker.files].map((file) => ({ file, kind: kindOf(file, kind) }));
    const names = this.draft.files.map(({ file }) => file.name).join(", ");
    if (names) this.showStrip(t("attached", { count: this.draft.files.length }), names);
    this.input.focus();
    this.grow();
  }

  showStrip(label, what, live = false) {
    const close = () => { if (this.draft.mode === "edit") this.input.value = ""; this.recording?.cancel(); this.settle(); };
    this.strip.replaceChildren(h("p", {}, h("strong", {}, label), h("span", { dir: "auto", "aria-live": live ? "off" : null }, what)),
      h("button", { type: "button", class: "quiet", "aria-label": t("cancel"), onclick: close }, icon("close")));
    this.strip.hidden = false;
  }

  settle() {
    this.draft = { ...FRESH };
    this.recording = null;
    clearInterval(this.ticking);
    this.picker.value = "";
    this.strip.hidden = true;
    this.error.hidden = true;
    this.input.disabled = false;
    this.grow();
    this.input.focus();
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!this.empty) this.act();
    } else if (event.key === "Escape" && this.draft.mode !== "write") {
      this.input.value = "";
      this.settle();
    }
  }

  act() {
    if (this.recording) return this.finish();
    if (!this.empty || this.draft.mode === "edit") return this.send();
    return this.says("voice") ? this.listen() : undefined;
  }

  get reply() {
    const { mode, about, quote } = this.draft;
    return mode === "reply" ? { reply_to: about.message_id, ...(quote ? { quote } : {}) } : {};
  }

  async send() {
    const { mode, about, files } = this.draft;
    const source = this.input.value.trim();
    const said = this.says("entities") ? typed(source) : { text: source };
    await this.attempt(async () => {
      if (mode === "edit") await post(`${this.chat()}/edit`, { message_id: about.message_id, ...said });
      else if (files.length) await this.sendFiles(files, said);
      else await post(`${this.chat()}/messages`, { ...said, ...this.reply });
      this.input.value = "";
      this.settle();
    });
  }

  // Several groups go one after the other; the words go with the first.
  async sendFiles(files, said) {
    let reply = this.reply;
    let caption = said.text ? { caption: said.text, ...(said.entities ? { caption_entities: said.entities } : {}) } : {};
    for (const group of groups(files, this.says("album"))) {
      await post(`${this.chat()}/messages`, this.form(group, caption, reply));
      caption = {};
      reply = {};
    }
  }

  form(group, caption, reply) {
    const form = new FormData();
    for (const [name, value] of Object.entries(reply)) form.append(name, value);
    if (group.length === 1) {
      form.append(group[0].kind, group[0].file);
      for (const [name, value] of Object.entries(caption)) form.append(name, typeof value === "string" ? value : JSON.stringify(value));
      return form;
    }
    const album = group.map(({ kind }, at) => ({ type: kind, media: `attach://file${at}`, ...(at ? {} : caption) }));
    form.append("album", JSON.stringify(album));
    group.forEach(({ file }, at) => form.append(`file${at}`, file));
    return form;
  }

  async say(fields) {
    await this.attempt(async () => {
      await post(`${this.chat()}/messages`, { ...fields, ...this.reply });
      this.settle();
    });
  }

  async listen() {
    try {
      this.recording = await record();
    } catch {
      return noMicrophone((kind) => this.choose(kind), (fields) => this.say(fields));
    }
    const began = Date.now();
    const tick = () => this.showStrip(t("voice.recording"), clock((Date.now() - began) / 1000), true);
    tick();
    this.ticking = setInterval(tick, 500);
    this.input.disabled = true;
    return this.grow();
  }

  async finish() {
    const { recording } = this;
    clearInterval(this.ticking);
    await this.attempt(async () => {
      const form = this.form([{ kind: "voice", file: await recording.stop() }], {}, this.reply);
      await post(`${this.chat()}/messages`, form);
      this.settle();
    });
  }

  async attempt(work) {
    try {
      await work();
      this.sent();
    } catch (problem) {
      this.fail(problem);
    }
  }

  fail(problem) {
    this.error.textContent = t("failed", { why: problem.message });
    this.error.hidden = false;
  }
}
