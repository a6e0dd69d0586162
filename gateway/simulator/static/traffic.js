// What passes: every webhook and call as it happens, newest first, in a sentence and in full.

import { get, remove } from "./api.js";
import { h, icon } from "./dom.js";
import { exact, has, t } from "./i18n.js";
import { pretty } from "./json.js";

const SHOWN = 300;

// The words that an update or a call carries, if it carries any.
function words(request) {
  const message = request?.message || request?.edited_message || request;
  const text = message?.text?.body || message?.text || message?.caption || request?.callback_query?.data || request?.Body || request?.message?.text;
  if (typeof text !== "string" || !text) return null;
  return h("span", { class: "excerpt", dir: "auto" }, text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

export class Traffic {
  constructor(root, state) {
    this.root = root;
    this.state = state;
    this.exchanges = new Map();
    this.rows = new Map();
    this.fresh = new Set();
    this.frame = 0;
  }

  async open() {
    const { data, next } = await get("traffic");
    const newer = [...this.exchanges.values()].filter((exchange) => exchange.revision > next); // told meanwhile
    this.exchanges = new Map([...data, ...newer].map((exchange) => [exchange.id, exchange]));
    this.draw();
  }

  draw() {
    const kept = { text: this.text?.value || "", kind: this.kind?.value || "all" };
    this.text = h("input", { type: "search", id: "filter", value: kept.text, placeholder: t("filter"), "aria-label": t("filter"), oninput: () => this.list() });
    this.kind = h("select", { id: "filter-kind", "aria-label": t("filter.kind"), onchange: () => this.list() },
      ["all", "webhook", "call", "problem"].map((name) => h("option", { value: name, selected: name === kept.kind }, t(`filter.${name}`))));
    this.items = h("ol", { class: "exchanges", tabindex: "-1" });
    this.count = h("p", { class: "hidden", role: "status" });
    this.root.replaceChildren(
      h("div", { class: "panel-top" }, h("h2", {}, t("view.traffic")), h("p", { class: "hint" }, t("traffic.hint"))),
      h("div", { class: "filters" }, this.text, this.kind, h("button", { type: "button", onclick: () => remove("traffic") }, t("clear"))),
      this.count, this.items);
    this.list();
  }

  list() {
    const open = new Set([...this.rows].filter(([, row]) => row.firstChild.open).map(([id]) => id));
    this.rows.clear();
    const wanted = [...this.exchanges.values()].sort((a, b) => b.id - a.id).filter((exchange) => this.wanted(exchange)).slice(0, SHOWN);
    for (const exchange of wanted) this.rows.set(exchange.id, this.row(exchange, open.has(exchange.id)));
    this.items.replaceChildren(...this.rows.values());
    if (!wanted.length) this.items.append(h("li", { class: "empty" }, h("p", {}, this.exchanges.size ? t("traffic.nothing") : t("traffic.empty"))));
  }

  wanted(exchange) {
    const kind = this.kind.value;
    if (kind === "problem" ? ["accepted", "open"].includes(exchange.outcome) : kind !== "all" && kind !== exchange.direction) return false;
    const text = this.text.value.trim().toLowerCase();
    return !text || JSON.stringify(exchange).toLowerCase().includes(text) || this.sentence(exchange).toLowerCase().includes(text);
  }

  changed(exchange) {
    this.exchanges.set(exchange.id, exchange);
    if (this.exchanges.size > 1000) this.exchanges.delete(Math.min(...this.exchanges.keys()));
    this.fresh.add(exchange.id);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.show());
  }

  show() {
    this.frame = 0;
    if (!this.items) return; // what is told before the first drawing will be in it
    const ids = [...this.fresh].sort((a, b) => a - b);
    this.fresh.clear();
    for (const id of ids) {
      const exchange = this.exchanges.get(id);
      if (!exchange) continue;
      const old = this.rows.get(id);
      if (!this.wanted(exchange)) { old?.remove(); this.rows.delete(id); continue; }
      const row = this.row(exchange, old?.firstChild.open, !old);
      if (old) { const held = old.contains(document.activeElement); old.replaceWith(row); if (held) row.querySelector("summary").focus(); }
      else this.items.prepend(row);
      this.rows.set(id, row);
    }
    if (this.rows.size) this.items.querySelector(":scope > .empty")?.remove();
    while (this.rows.size > SHOWN) {
      const oldest = Math.min(...this.rows.keys());
      this.rows.get(oldest).remove();
      this.rows.delete(oldest);
    }
  }

  title(exchange) {
    return this.state.channels.find((one) => one.name === exchange.channel)?.provider || exchange.channel;
  }

  name(exchange) {
    const accounts = this.state.channels.find((one) => one.name === exchange.channel)?.accounts || [];
    const person = accounts.find((one) => one.id === exchange.account)?.people.find((one) => String(one.id) === exchange.chat);
    return person?.name || (exchange.chat ? `#${exchange.chat}` : t("somebody"));
  }

  sentence(exchange) {
    const keys = [`${exchange.direction}.${exchange.channel}.${exchange.name}`, `${exchange.direction}.${exchange.name}`];
    const key = keys.find(has);
    return key ? t(key, { name: this.name(exchange) }) : t(`${exchange.direction}.other`, { what: exchange.name });
  }

  status(exchange) {
    if (exchange.outcome === "open") return { tone: "open", code: "…", words: t("outcome.open") };
    const code = exchange.status ?? "—";
    const key = `outcome.${exchange.direction}.${exchange.outcome}`;
    const tone = { accepted: "good", deferred: "warn" }[exchange.outcome] || "bad";
    return { tone, code, words: has(key) ? t(key) : t(`outcome.${exchange.outcome}`) };
  }

  row(exchange, open = false, fresh = false) {
    const status = this.status(exchange);
    const summary = h("summary", {},
      h("span", { class: "way" }, icon(exchange.direction === "webhook" ? "out" : "in"), h("span", { class: "hidden" }, t(`way.${exchange.direction}`, { title: this.title(exchange) }))),
      h("span", { class: "what" }, h("span", { class: "sentence", dir: "auto" }, this.sentence(exchange)),
        h("span", { class: "second" }, h("small", { class: "channel" }, this.title(exchange)), h("code", {}, exchange.name), words(exchange.request),
          exchange.attempt > 1 ? h("span", { class: "again" }, t("attempt", { count: exchange.attempt })) : null,
          exchange.faults.map((kind) => h("span", { class: "ordered" }, t("ordered", { what: t(`fault.${kind}`) }))))),
      h("span", { class: `status ${status.tone}` }, h("b", {}, String(status.code)), " ", status.words),
      h("span", { class: "when" }, h("time", { datetime: exchange.at }, exact(new Date(exchange.at))), h("span", {}, exchange.milliseconds === null ? "" : t("milliseconds", { n: exchange.milliseconds }))));
    const details = h("details", { open }, summary);
    const fill = () => { if (details.open && details.childElementCount === 1) details.append(this.full(exchange)); };
    details.addEventListener("toggle", fill);
    fill();
    return h("li", { class: fresh ? "fresh" : null, "data-direction": exchange.direction, "data-tone": status.tone }, details);
  }

  full(exchange) {
    const asked = exchange.direction === "webhook" ? t("full.webhook", { title: this.title(exchange) }) : t("full.call");
    const answered = exchange.direction === "webhook" ? t("full.webhook.answer") : t("full.call.answer", { title: this.title(exchange) });
    const empty = exchange.outcome === "open" ? t("outcome.open") : exchange.status ? t("full.empty") : t("full.none");
    return h("div", { class: "full" },
      h("p", { class: "address" }, "POST ", exchange.url), h("h3", {}, asked), pretty(exchange.request),
      h("h3", {}, answered, exchange.status ? ` · HTTP ${exchange.status}` : ""),
      exchange.note && !exchange.faults.length ? h("p", { class: "hint" }, exchange.note) : null,
      pretty(exchange.answer) || h("p", { class: "hint" }, empty));
  }
}
