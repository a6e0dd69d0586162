// Making a customer, and what to do while no bot has called yet.

import { post } from "./api.js";
import { closeOnBackdrop, h } from "./dom.js";
import { has, spoken, t } from "./i18n.js";

function field(name, attributes = {}, channel = null) {
  const key = [`person.${name}.${channel?.name}`, `person.${name}`].find(has);
  return h("label", {}, h("span", {}, key ? t(key) : name), h("input", { name, autocomplete: "off", ...attributes }));
}

const ABOUT = {
  first_name: { required: true, maxlength: 64 }, last_name: { maxlength: 64 }, name: { required: true, maxlength: 64 },
  username: { maxlength: 32, pattern: "[A-Za-z0-9_]*" }, language_code: { maxlength: 8 }, id: { maxlength: 64, pattern: "[^\\/\\s]+" },
};

// The channel says what it asks of a new customer.
export function newCustomer(place, channel, made) {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const form = h("form", { method: "dialog" },
    h("h2", {}, t("customer.new")), has(`customer.new.hint.${channel.name}`) ? h("p", { class: "hint" }, t(`customer.new.hint.${channel.name}`)) : null,
    channel.asks.map((name) => field(name, { ...(ABOUT[name] || { maxlength: 64 }), ...(name === "language_code" ? { value: spoken() } : {}) }, channel)), error,
    h("div", { class: "ends" }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), h("button", { class: "primary" }, t("create"))));
  const dialog = h("dialog", { class: "form", "aria-label": t("customer.new") }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const person = await post(`${place}/people`, Object.fromEntries([...new FormData(form)].filter(([, value]) => value)));
      dialog.close();
      made(person);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  closeOnBackdrop(dialog);
}

// What is said about an account at the provider by hand: where its webhooks go, and what signs them.
const configured = (channel, account) => channel.configures.map((name) => field(name, { value: account?.[name] || "", placeholder: name === "secret" && account ? t("unchanged") : null }, channel));

const given = (form) => Object.fromEntries([...new FormData(form)].filter(([name, value]) => name !== "number" && value));

export function settings(place, channel, account, done) {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const form = h("form", { method: "dialog" }, h("h2", { dir: "auto" }, account.name), h("p", { class: "hint" }, t("settings.hint", { title: channel.provider })),
    configured(channel, account), error,
    h("div", { class: "ends" }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), h("button", { class: "primary" }, t("save"))));
  const dialog = h("dialog", { class: "form", "aria-label": t("settings") }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post(place, given(form));
      dialog.close();
      done();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  closeOnBackdrop(dialog);
}

export function start(state, channel, choose) {
  const address = new URL(state.channel, location.href.split("#")[0]).href;
  const said = (name) => t([`${name}.${channel.name}`, name].find(has), { title: channel.provider });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const number = h("input", { name: "number", value: channel.example, inputmode: "numeric", pattern: "[0-9]{1,20}", required: true });
  const form = h("form", { class: "start" }, h("label", {}, h("span", {}, said("start.number")), number), configured(channel, null), h("button", { class: "primary" }, t("start.begin")), error);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post(`${state.channel}/${number.value}`, given(form));
      choose({ account: number.value });
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  return h("div", { class: "empty" }, h("h2", {}, said("start.title")), h("p", {}, said("start.text")),
    channel.snippet ? h("pre", { class: "snippet", tabindex: "0" }, channel.snippet.replace("{address}", address)) : null,
    h("p", {}, said("start.or")), form);
}
