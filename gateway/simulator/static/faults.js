// What goes wrong on order: each fault in a sentence, what a good gateway does about it, and two buttons.

import { post, remove } from "./api.js";
import { h } from "./dom.js";
import { spoken, t } from "./i18n.js";

// kind: what may be set, with its default
const CALLS = {
  accept_then_drop: {}, accept_then_proxy_error: {}, drop: {}, proxy_error: {}, server_error: { status: 500 },
  too_many_requests: { retry_after: 5 }, delay: { seconds: 5 }, blocked: {}, revoked_token: {}, error: { code: "" }, migrate: {}, rate_limits: {},
};
const RECEIPTS = { undelivered: { code: "" }, receipt_hold: {} };
const WEBHOOKS = {
  webhook_duplicate: { times: 3 }, webhook_reorder: { hold: 4, seconds: 10 }, webhook_delay: { seconds: 10 }, webhook_ignore_ack: {},
};

export class Faults {
  constructor(root, state) {
    this.root = root;
    this.state = state;
    this.wide = true;
    this.set = {};
    this.looks = "";
  }

  get channel() { return this.state.channels.find((one) => one.name === this.state.channel); }

  get person() { return this.state.account?.people.find((one) => String(one.id) === String(this.state.chat)); }

  // Drawn again only when it would look different, so that nobody loses the field they are in.
  draw() {
    if (!this.channel) return;
    const looks = JSON.stringify([spoken(), this.state.channel, this.state.account?.id, this.person?.id, this.person?.name, this.state.faults, this.set]);
    if (looks === this.looks) return;
    this.looks = looks;
    const within = document.activeElement?.closest?.("#faults [data-key]")?.dataset.key;
    const active = this.state.faults.filter((fault) => !fault.done);
    document.querySelector("#fault-count").textContent = active.length || "";
    this.root.replaceChildren(...[
      h("div", { class: "panel-top" }, h("h2", {}, t("view.faults")), h("p", { class: "hint" }, t("faults.hint"))),
      h("fieldset", { class: "scope" }, h("legend", {}, t("scope")), this.radio(true, t("scope.all")), this.radio(false, t("scope.one", { name: this.person?.name || t("somebody") }))),
      this.force(active),
      this.group("calls", CALLS), this.group("receipts", RECEIPTS), this.group("webhooks", WEBHOOKS)].flat());
    if (within) this.root.querySelector(`[data-key="${within}"]`)?.focus();
  }

  // Those of a kind that this channel knows.
  group(name, faults) {
    const known = Object.entries(faults).filter(([kind]) => this.channel.faults.includes(kind));
    if (!known.length) return [];
    return [h("h3", {}, t(`faults.${name}`, { title: this.channel.provider })), h("ul", { class: "cards" }, known.map(([kind, settings]) => this.card(kind, settings)))];
  }

  radio(wide, label) {
    return h("label", {}, h("input", { type: "radio", name: "scope", "data-key": `scope-${wide}`, checked: this.wide === wide, disabled: !wide && !this.person, onchange: () => { this.wide = wide; } }), h("span", { dir: "auto" }, label));
  }

  force(active) {
    if (!active.length) return h("p", { class: "calm" }, t("faults.none"));
    return h("div", { class: "force" }, h("h3", {}, t("faults.force")), h("ul", {}, active.map((fault) =>
      h("li", {}, h("span", {}, h("strong", {}, t(`fault.${fault.kind}`)), " ", h("small", {}, this.whom(fault), " · ", this.often(fault))),
        h("button", { type: "button", "data-key": `lift-${fault.id}`, "aria-label": t("lift.what", { what: t(`fault.${fault.kind}`) }), onclick: () => remove(`faults/${fault.id}`) }, t("lift"))))),
    active.length > 1 ? h("button", { type: "button", class: "all", onclick: () => remove("faults") }, t("lift.all")) : null);
  }

  whom(fault) {
    if (!fault.chat) return t("scope.all");
    const person = this.state.account?.people.find((one) => String(one.id) === fault.chat);
    return t("scope.one", { name: person?.name || `#${fault.chat}` });
  }

  often(fault) {
    const left = fault.count === null ? t("until.lifted") : t("left", { count: fault.count - fault.hits });
    return fault.hits ? `${left} · ${t("hits", { count: fault.hits })}` : left;
  }

  card(kind, settings) {
    const values = (this.set[kind] ||= { ...settings });
    const title = this.channel.provider;
    const on = this.state.faults.some((fault) => fault.kind === kind && fault.channel === this.channel.name && !fault.done);
    const lasting = ["migrate", "rate_limits", "revoked_token", "receipt_hold"].includes(kind);
    return h("li", { class: `card${on ? " on" : ""}`, "data-kind": kind },
      h("h4", {}, t(`fault.${kind}`)), h("p", {}, t(`fault.${kind}.means`, { title })), h("p", { class: "hint" }, t(`fault.${kind}.wants`, { title })),
      h("div", { class: "order" },
        Object.keys(settings).map((name) => h("label", {}, h("span", {}, t(`set.${name}`)),
          h("input", { type: "number", "data-key": `${kind}-${name}`, min: name === "status" ? 500 : 1, max: { status: 599, code: 9999999 }[name] || 600, value: values[name], placeholder: name === "code" ? t("set.code.usual") : null, onchange: (event) => { values[name] = event.target.value && Number(event.target.value); } }))),
        h("span", { class: "buttons" },
          lasting ? null : h("button", { type: "button", "data-key": `${kind}-once`, "aria-label": `${t("once")}: ${t(`fault.${kind}`)}`, onclick: () => this.order(kind, 1) }, t("once")),
          h("button", { type: "button", "data-key": `${kind}-keep`, "aria-label": `${t("keep")}: ${t(`fault.${kind}`)}`, onclick: () => this.order(kind, null) }, t("keep")))));
  }

  async order(kind, count) {
    const chat = this.wide ? null : this.state.chat;
    const webhook = kind.startsWith("webhook_");
    const set = Object.fromEntries(Object.entries(this.set[kind]).filter(([, value]) => value !== ""));
    const order = { kind, ...set, account: this.state.account?.id, channel: this.state.channel };
    if (count) order.count = kind === "webhook_reorder" ? this.set[kind].hold : count;
    if (chat) order.chat = chat;
    if (!webhook && kind !== "revoked_token") order.method = this.channel.sends.join(",");
    if (kind === "too_many_requests") order.scope = chat ? "chat" : "account";
    if (kind === "migrate") Object.assign(order, { chat: this.state.chat, to: -1000000000000 - Number(this.state.chat) });
    try {
      await post("faults", order);
    } catch (problem) {
      this.root.prepend(h("p", { class: "error", role: "alert" }, problem.message));
    }
  }
}
