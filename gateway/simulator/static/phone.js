// The phone: a tab per channel, a customer, the chat, and what a customer can do in it.

import { get, post } from "./api.js";
import { bubble, excerpt } from "./bubbles.js";
import { closeOnBackdrop, h, icon } from "./dom.js";
import { day, t } from "./i18n.js";
import { newCustomer, start } from "./people.js";

const TYPING = 5000;
const LATEST = 300;
const GROUP = 120;

export class Phone {
  constructor(root, state, choose) {
    this.root = root;
    this.state = state;
    this.choose = choose;
    this.messages = new Map();
    this.queries = new Map();
    this.draft = { mode: "write", about: null };
    this.drawn = 0;
    this.acting = 0;
  }

  get place() { return `${this.state.channel}/${this.state.account?.id}`; }
  get person() { return this.state.account?.people.find((one) => String(one.id) === String(this.state.chat)) || null; }
  get chat() { return `${this.place}/chats/${this.state.chat}`; }

  async open() {
    this.messages.clear();
    this.queries.clear();
    this.draft = { mode: "write", about: null };
    if (this.person) {
      const place = this.chat;
      const { data } = await get(`${place}/messages?limit=${LATEST}`);
      if (place !== this.chat) return;
      for (const kept of data) this.messages.set(kept.message_id, kept);
    }
    this.draw();
  }

  draw() {
    const kept = this.input?.value || "";
    const focused = document.activeElement === this.input;
    this.log = null;
    this.root.replaceChildren(this.tabs(), ...(this.state.account ? [this.who(), ...this.conversation()] : [start(this.state, this.choose)]));
    if (this.input) this.input.value = kept;
    if (focused) this.input?.focus();
    this.drawLog(true);
  }

  tabs() {
    return h("div", { class: "tabs", role: "tablist", "aria-label": t("channels") },
      this.state.channels.map((channel) =>
        h("button", { type: "button", role: "tab", "aria-selected": String(channel.name === this.state.channel), onclick: () => this.choose({ channel: channel.name }) }, channel.title)));
  }

  who() {
    const { account, channels, channel } = this.state;
    const accounts = channels.find((one) => one.name === channel).accounts;
    return h("div", { class: "who" },
      h("label", {}, h("span", {}, t("customer")),
        h("select", { id: "customer", onchange: (event) => this.choose({ chat: event.target.value }) },
          account.people.length ? null : h("option", { value: "" }, t("customer.none")),
          account.people.map((one) => h("option", { value: one.id, selected: String(one.id) === String(this.state.chat) }, one.name || t("customer.unnamed", { id: one.id }))))),
      h("button", { type: "button", id: "new-customer", title: t("customer.new"), "aria-label": t("customer.new"), onclick: () => newCustomer(this.place, (person) => this.choose({ chat: String(person.id) })) }, icon("add")),
      accounts.length > 1
        ? h("label", {}, h("span", {}, t("writes.to")),
          h("select", { id: "account", onchange: (event) => this.choose({ account: event.target.value }) },
            accounts.map((one) => h("option", { value: one.id, selected: one.id === account.id }, one.name))))
        : null);
  }

  conversation() {
    if (!this.person) {
      return [h("div", { class: "empty" }, h("p", {}, t("chat.nobody")),
        h("button", { type: "button", class: "primary", onclick: () => newCustomer(this.place, (person) => this.choose({ chat: String(person.id) })) }, t("customer.new")))];
    }
    const { account } = this.state;
    this.status = h("small", {}, t("bot"));
    const top = h("div", { class: "chat-top" },
      h("span", { class: "avatar", "aria-hidden": "true" }, (account.name.trim()[0] || "?").toUpperCase()),
      h("p", {}, h("strong", { dir: "auto" }, account.name), this.status),
      h("button", { type: "button", class: "quiet-text", id: "block", onclick: () => this.toggleBlock() }, this.person.blocked ? t("unblock") : t("block")));
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("chat.with", { name: account.name }), tabindex: "0" });
    return [top, this.log, this.person.blocked ? this.blockedNote() : this.composer()];
  }

  blockedNote() {
    this.input = null;
    return h("div", { class: "blocked" }, h("p", {}, t("blocked.note", { name: this.person.name })),
      h("button", { type: "button", class: "primary", onclick: () => this.toggleBlock() }, t("unblock")));
  }

  composer() {
    this.input = h("textarea", { id: "write", rows: 1, maxlength: 4096, dir: "auto", "aria-label": t("write"), placeholder: t("write"),
      onkeydown: (event) => this.key(event), oninput: () => this.grow() });
    this.picture = h("input", { type: "file", id: "picture", accept: "image/png,image/jpeg,image/gif,image/webp", class: "hidden", tabindex: "-1", "aria-label": t("attach"), onchange: () => this.attached() });
    this.strip = h("div", { class: "strip", hidden: true });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    return h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.send(); } },
      this.error, this.strip,
      h("div", { class: "line" }, this.picture,
        h("button", { type: "button", class: "quiet", title: t("attach"), "aria-label": t("attach"), onclick: () => this.picture.click() }, icon("attach")),
        this.input,
        h("button", { type: "submit", class: "send", title: t("send"), "aria-label": t("send") }, icon("send"))));
  }

  actions() {
    return {
      press: (message, data) => this.press(message, data),
      waiting: (message, data) => this.queries.get(`${message}:${data}`),
      reply: (kept) => this.begin("reply", kept),
      edit: (kept) => this.begin("edit", kept),
    };
  }

  drawLog(jump = false) {
    if (!this.log) return;
    const { log } = this;
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const shown = [...this.messages.values()].filter((kept) => !kept.deleted).sort((a, b) => a.message_id - b.message_id);
    const items = [];
    let before = null;
    for (const kept of shown) {
      const when = new Date(kept.message.date * 1000);
      if (!before || new Date(before.message.date * 1000).toDateString() !== when.toDateString()) items.push(h("div", { class: "day" }, day(when)));
      const joined = before && before.direction === kept.direction && kept.message.date - before.message.date < GROUP && !before.message.reply_markup;
      items.push(bubble(kept, this.place, this.actions(), joined));
      before = kept;
    }
    if (!items.length) items.push(h("div", { class: "empty" }, h("p", {}, t("chat.empty", { name: this.state.account.name }))));
    const active = document.activeElement?.closest?.("#phone .log [data-id]")?.dataset.id;
    log.replaceChildren(...items);
    if (active) log.querySelector(`[data-id="${active}"] button`)?.focus();
    if (near || jump) log.scrollTop = log.scrollHeight;
  }

  begin(mode, kept) {
    this.draft = { mode, about: kept };
    this.input.value = mode === "edit" ? kept.message.text || kept.message.caption || "" : this.input.value;
    this.showStrip(t(mode === "edit" ? "editing" : "replying"), excerpt(kept.message));
    this.input.focus();
    this.grow();
  }

  attached() {
    const [chosen] = this.picture.files;
    if (chosen) this.showStrip(t("attached"), chosen.name);
    this.input.focus();
  }

  showStrip(label, what) {
    this.strip.replaceChildren(h("p", {}, h("strong", {}, label), h("span", { dir: "auto" }, what)),
      h("button", { type: "button", class: "quiet", "aria-label": t("cancel"), onclick: () => { this.input.value = this.draft.mode === "edit" ? "" : this.input.value; this.settle(); } }, icon("close")));
    this.strip.hidden = false;
  }

  settle() {
    this.draft = { mode: "write", about: null };
    this.picture.value = "";
    this.strip.hidden = true;
    this.error.hidden = true;
    this.grow();
    this.input.focus();
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && this.draft.mode !== "write") {
      this.input.value = "";
      this.settle();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      const own = [...this.messages.values()].filter((kept) => kept.direction === "in" && !kept.deleted && kept.message.text).at(-1);
      if (own) {
        event.preventDefault();
        this.begin("edit", own);
      }
    }
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 120)}px`;
  }

  async send() {
    const text = this.input.value.trim();
    const [chosen] = this.picture.files;
    const { mode, about } = this.draft;
    if (!text && !chosen) return;
    await this.attempt(async () => {
      if (mode === "edit") await post(`${this.chat}/edit`, { message_id: about.message_id, text });
      else if (chosen) await post(`${this.chat}/messages`, this.form(chosen, text, about));
      else await post(`${this.chat}/messages`, { text, reply_to: about?.message_id });
      this.input.value = "";
      this.settle();
      if (this.log) this.log.scrollTop = this.log.scrollHeight;
    });
  }

  form(chosen, text, about) {
    const form = new FormData();
    form.append("photo", chosen);
    if (text) form.append("caption", text);
    if (about) form.append("reply_to", about.message_id);
    return form;
  }

  async press(message, data) {
    await this.attempt(async () => {
      const { callback_query_id: id } = await post(`${this.chat}/press`, { message_id: message, data });
      if (!this.answered?.has(id)) this.queries.set(`${message}:${data}`, id);
      this.drawLog();
    });
  }

  async toggleBlock() {
    await this.attempt(() => post(`${this.chat}/${this.person.blocked ? "unblock" : "block"}`));
  }

  async attempt(work) {
    try {
      await work();
    } catch (problem) {
      if (!this.error) return;
      this.error.textContent = t("failed", { why: problem.message });
      this.error.hidden = false;
    }
  }

  // What changes while one looks.

  changed(change) {
    const here = change.channel === this.state.channel && change.account === this.state.account?.id && String(change.chat) === String(this.state.chat);
    if (change.what === "message" && here) this.arrived(change.message);
    if (change.what === "typing" && here) this.typing(change.action);
    if (change.what === "query" && here) this.query(change.query);
  }

  arrived(kept) {
    this.messages.set(kept.message_id, kept);
    if (kept.direction === "out") this.typing(null);
    cancelAnimationFrame(this.drawn);
    this.drawn = requestAnimationFrame(() => this.drawLog());
  }

  typing(action) {
    clearTimeout(this.acting);
    if (!this.status) return;
    this.status.textContent = action ? t(action === "typing" ? "typing" : "typing.other") : t("bot");
    this.status.classList.toggle("typing", Boolean(action));
    if (action) this.acting = setTimeout(() => this.typing(null), TYPING);
  }

  query(query) {
    const key = `${query.message_id}:${query.data}`;
    if (!query.answered) {
      this.queries.set(key, query.id);
      setTimeout(() => { if (this.queries.get(key) === query.id) { this.queries.delete(key); this.drawLog(); } }, 30000);
    } else {
      (this.answered ||= new Set()).add(query.id);
      this.queries.delete(key);
      if (query.text) this.say(query.text, query.show_alert);
    }
    this.drawLog();
  }

  say(text, alert) {
    if (alert) {
      closeOnBackdrop(h("dialog", { class: "alert", "aria-label": this.state.account.name }, h("p", { dir: "auto" }, text),
        h("form", { method: "dialog" }, h("button", { class: "primary" }, t("ok")))));
      return;
    }
    const toast = h("p", { class: "toast", role: "status", dir: "auto" }, text);
    this.root.append(toast);
    setTimeout(() => toast.remove(), 4000);
  }
}
