// The phone: a tab per channel, a customer, the chat, and what a customer can do in it.

import { acts } from "./acts.js";
import { get, post } from "./api.js";
import { album, bubble } from "./bubbles.js";
import { Composer } from "./composer.js";
import { arrange, closeOnBackdrop, h, icon } from "./dom.js";
import { day, has, spoken, t } from "./i18n.js";
import { newCustomer, settings, start } from "./people.js";
import { portrait } from "./portrait.js";

const TYPING = 5000;
const LATEST = 300;
const GROUP = 120;

export class Phone {
  constructor(root, state, choose) {
    this.root = root;
    this.state = state;
    this.choose = choose;
    root.addEventListener("keydown", (event) => this.key(event));
    this.messages = new Map();
    this.queries = new Map();
    this.drawings = new Map();
    this.composer = new Composer(() => this.chat, () => this.toEnd(), () => this.channel);
    this.drawn = 0;
    this.acting = 0;
  }

  get place() { return `${this.state.channel}/${this.state.account?.id}`; }
  get person() { return this.state.account?.people.find((one) => String(one.id) === String(this.state.chat)) || null; }
  // The channel as this customer has it: a chat may have an app of its own.
  get channel() {
    const channel = this.state.channels.find((one) => one.name === this.state.channel);
    const { says = channel.says, deeds = channel.deeds } = this.person || {};
    return { ...channel, says, deeds };
  }
  get dress() { return this.person?.dress || this.channel.dress; }
  get chat() { return `${this.place}/chats/${this.state.chat}`; }

  async open() {
    this.messages.clear();
    this.queries.clear();
    this.drawings.clear();
    this.composer = new Composer(() => this.chat, () => this.toEnd(), () => this.channel);
    if (this.person) {
      const place = this.chat;
      const { data } = await get(`${place}/messages?limit=${LATEST}`);
      if (place !== this.chat) return;
      for (const kept of data) this.messages.set(kept.message_id, kept);
    }
    this.draw();
  }

  draw() {
    const focused = document.activeElement?.id === "write";
    this.log = null;
    this.root.dataset.dress = this.dress;
    this.root.replaceChildren(this.tabs(), ...(this.state.account ? [this.who(), ...this.conversation()] : [start(this.state, this.channel, this.choose)]));
    if (focused) document.querySelector("#write")?.focus();
    this.root.querySelector('[role="tab"][aria-selected="true"]').scrollIntoView({ block: "nearest", inline: "nearest" });
    this.drawLog(true);
  }

  tabs() {
    const tab = (channel) => {
      const here = channel.name === this.state.channel;
      return h("button", { type: "button", role: "tab", id: `tab-${channel.name}`, "aria-selected": String(here), tabindex: here ? "0" : "-1", onclick: () => this.choose({ channel: channel.name, account: null, chat: null }) }, channel.title);
    };
    return h("div", { class: "tabs", role: "tablist", "aria-label": t("channels"), onkeydown: (event) => this.walk(event) }, this.state.channels.map(tab));
  }

  // Arrows walk through the tabs; the one that is reached opens.
  async walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const { channels, channel } = this.state;
    if (!step) return;
    event.preventDefault();
    const at = channels.findIndex((one) => one.name === channel);
    await this.choose({ channel: channels[(at + step + channels.length) % channels.length].name, account: null, chat: null });
    this.root.querySelector('[role="tab"][aria-selected="true"]')?.focus();
  }

  who() {
    const { account, channels, channel } = this.state;
    const accounts = channels.find((one) => one.name === channel).accounts;
    return h("div", { class: "who" },
      account.pictured && this.person ? portrait(this.chat, this.person, (problem) => this.composer.fail(problem)) : null,
      h("label", {}, h("span", {}, t("customer")),
        h("select", { id: "customer", onchange: (event) => this.choose({ chat: event.target.value }) },
          account.people.length ? null : h("option", { value: "" }, t("customer.none")),
          account.people.map((one) => h("option", { value: one.id, selected: String(one.id) === String(this.state.chat) }, one.name || t("customer.unnamed", { id: one.id }))))),
      h("button", { type: "button", id: "new-customer", title: t("customer.new"), "aria-label": t("customer.new"), onclick: () => newCustomer(this.place, this.channel, (person) => this.choose({ chat: String(person.id) })) }, icon("add")),
      accounts.length > 1
        ? h("label", {}, h("span", {}, t("writes.to")),
          h("select", { id: "account", onchange: (event) => this.choose({ account: event.target.value }) },
            accounts.map((one) => h("option", { value: one.id, selected: one.id === account.id }, one.name))))
        : null,
      this.channel.configures.length ? h("button", { type: "button", id: "settings", title: t("settings"), "aria-label": t("settings"), onclick: () => settings(this.place, this.channel, account, () => this.choose({})) }, icon("settings")) : null);
  }

  conversation() {
    if (!this.person) {
      return [h("div", { class: "empty" }, h("p", {}, t("chat.nobody")),
        h("button", { type: "button", class: "primary", onclick: () => newCustomer(this.place, this.channel, (person) => this.choose({ chat: String(person.id) })) }, t("customer.new")))];
    }
    const { account } = this.state;
    this.status = h("small", {}, this.end());
    const top = h("div", { class: "chat-top" },
      h("span", { class: "avatar", "aria-hidden": "true" }, (account.name.trim()[0] || "?").toUpperCase()),
      h("p", {}, h("strong", { dir: "auto" }, account.name), this.status),
      this.channel.deeds.includes("block") ? h("button", { type: "button", class: "quiet-text", id: "block", onclick: () => this.toggleBlock() }, this.person.blocked ? t("unblock") : t("block")) : null,
      acts(this.chat, this.channel, (problem) => this.composer.fail(problem)));
    this.drawings.clear();
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("chat.with", { name: account.name }), tabindex: "0" });
    this.keepEnd();
    return [top, this.log, this.person.blocked ? this.blockedNote() : this.composer.draw()];
  }

  // Whoever reads the end goes on reading it when the composer grows.
  keepEnd() {
    const { log } = this;
    let end = true;
    log.addEventListener("scroll", () => { end = log.scrollHeight - log.scrollTop - log.clientHeight < 8; });
    new ResizeObserver(() => { if (end) log.scrollTop = log.scrollHeight; }).observe(log);
  }

  blockedNote() {
    return h("div", { class: "blocked" }, h("p", {}, t([`blocked.note.${this.channel.name}`, "blocked.note"].find(has), { name: this.person.name })),
      h("button", { type: "button", class: "primary", onclick: () => this.toggleBlock() }, t("unblock")));
  }

  actions() {
    return {
      bot: () => this.state.account.name,
      can: (deed) => this.channel.deeds.includes(deed),
      says: (kind) => this.channel.says.includes(kind),
      latest: (kept) => this.last === kept.message_id,
      press: (message, data) => this.press(message, data),
      waiting: (message, data) => this.queries.get(`${message}:${data}`),
      reply: (kept, quote) => this.composer.begin("reply", kept, quote),
      edit: (kept) => this.composer.begin("edit", kept),
      listen: (kept) => this.attempt(() => post(`${this.chat}/listen`, { message_id: kept.message_id })),
      remove: (kept) => this.attempt(() => post(`${this.chat}/delete`, { message_id: kept.message_id })),
      react: (kept, emoji) => this.attempt(() => post(`${this.chat}/react`, { message_id: kept.message_id, emoji })),
      show: (number) => this.show(number),
    };
  }

  // A drawing is made again only when it would look different.
  drawing(key, looks, make) {
    const kept = this.drawings.get(key);
    if (kept?.looks === looks) return kept.element;
    const element = make();
    this.drawings.set(key, { looks, element });
    return element;
  }

  shown() {
    const all = [...this.messages.values()].filter((kept) => !kept.deleted).sort((a, b) => a.message_id - b.message_id);
    const groups = [];
    for (const kept of all) {
      const last = groups.at(-1);
      if (kept.group && last?.[0].group === kept.group) last.push(kept);
      else groups.push([kept]);
    }
    return groups;
  }

  drawLog(jump = false) {
    if (!this.log) return;
    const { log } = this;
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const items = [];
    let before = null;
    const groups = this.shown();
    this.last = groups.at(-1)?.[0].message_id;
    for (const group of groups) {
      const [kept] = group;
      const when = new Date(kept.at * 1000);
      const today = when.toDateString();
      if (!before || new Date(before.at * 1000).toDateString() !== today) items.push(this.drawing(`day ${today}`, day(when), () => h("div", { class: "day" }, day(when))));
      const joined = Boolean(before) && before.direction === kept.direction && kept.at - before.at < GROUP && !before.parts.some((part) => part.kind === "buttons" || part.kind === "list");
      items.push(this.drawing(kept.message_id, this.looks(group, joined), () => (group.length > 1 ? album(group, this.place, this.actions(), joined) : bubble(kept, this.place, this.actions(), joined))));
      before = kept;
    }
    if (!items.length) items.push(h("div", { class: "empty" }, h("p", {}, t("chat.empty", { name: this.state.account.name }))));
    const active = document.activeElement?.closest?.("#phone .log [data-id]")?.dataset.id;
    arrange(log, items);
    if (active && document.activeElement === document.body) log.querySelector(`[data-id="${active}"] button`)?.focus();
    if (near || jump) log.scrollTop = log.scrollHeight;
    this.read();
  }

  looks(group, joined) {
    const busy = [...this.queries.keys()].filter((key) => group.some((kept) => key.startsWith(`${kept.message_id}:`)));
    return JSON.stringify([group, joined, busy, spoken(), this.state.account.name, this.last === group[0].message_id]);
  }

  // A chat that one looks at is open: what was delivered there is read.
  read() {
    if (document.hidden || !this.channel.deeds.includes("open")) return;
    const fresh = [...this.messages.values()].some((kept) => kept.direction === "out" && kept.status === "delivered");
    if (fresh) post(`${this.chat}/open`).catch((problem) => this.composer.fail(problem));
  }

  // Who one writes to, in a word.
  end() {
    return t(this.person?.away ? "end.away" : [`end.${this.channel.name}`, "end"].find(has));
  }

  toEnd() {
    if (this.log) this.log.scrollTop = this.log.scrollHeight;
  }

  show(number) {
    const found = this.log.querySelector(`[data-id="${number}"]`);
    if (!found) return;
    found.scrollIntoView({ block: "center" });
    found.classList.remove("found");
    requestAnimationFrame(() => found.classList.add("found"));
  }

  // The arrow up in an empty composer edits the last own words.
  key(event) {
    if (event.key !== "ArrowUp" || event.target.id !== "write" || event.target.value || !this.channel.deeds.includes("edit")) return;
    const own = [...this.messages.values()].filter((kept) => kept.direction === "in" && !kept.deleted && kept.parts.every((part) => part.kind === "text")).at(-1);
    if (!own) return;
    event.preventDefault();
    this.composer.begin("edit", own);
  }

  async press(message, data) {
    await this.attempt(async () => {
      const { callback_query_id: id } = await post(`${this.chat}/press`, { message_id: message, data });
      if (id && !this.answered?.has(id)) this.queries.set(`${message}:${data}`, id);
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
      if (this.composer.error?.isConnected) this.composer.fail(problem);
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
    this.status.textContent = action ? t(has(`doing.${action}`) ? `doing.${action}` : "doing.typing") : this.end();
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
