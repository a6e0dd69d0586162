// Making a customer, and what to do while no bot has called yet.

import { post } from "./api.js";
import { closeOnBackdrop, h } from "./dom.js";
import { spoken, t } from "./i18n.js";

function field(name, attributes = {}) {
  return h("label", {}, h("span", {}, t(`person.${name}`)), h("input", { name, autocomplete: "off", ...attributes }));
}

export function newCustomer(place, made) {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const form = h("form", { method: "dialog" },
    h("h2", {}, t("customer.new")), h("p", { class: "hint" }, t("customer.new.hint")),
    field("first_name", { required: true, maxlength: 64 }), field("last_name", { maxlength: 64 }),
    field("username", { maxlength: 32, pattern: "[A-Za-z0-9_]*" }), field("language_code", { maxlength: 8, value: spoken() }), error,
    h("div", { class: "ends" }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), h("button", { class: "primary" }, t("create"))));
  const dialog = h("dialog", { class: "form", "aria-label": t("customer.new") }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const person = await post(`${place}/people`, Object.fromEntries(new FormData(form)));
      dialog.close();
      made(person);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  closeOnBackdrop(dialog);
}

export function start(state, choose) {
  const address = new URL(state.channel, location.href.split("#")[0]).href;
  const number = h("input", { name: "number", value: "1000001", inputmode: "numeric", pattern: "[0-9]{1,15}", required: true });
  const form = h("form", { class: "start" }, h("label", {}, h("span", {}, t("start.number")), number), h("button", { class: "primary" }, t("start.begin")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await post(`${state.channel}/${number.value}`);
    choose({ account: number.value });
  });
  return h("div", { class: "empty" }, h("h2", {}, t("start.title")), h("p", {}, t("start.text")),
    h("pre", { class: "snippet", tabindex: "0" }, `accounts:\n  support-telegram:\n    connector: telegram\n    api: ${address}\n    token: 1000001:any-letters\n    secret: any-secret`),
    h("p", {}, t("start.or")), form);
}
