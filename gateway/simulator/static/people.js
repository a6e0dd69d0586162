// Making a customer, and what to do while no bot has called yet.

import { post } from "./api.js";
import { ask, sends } from "./ask.js";
import { h } from "./dom.js";
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
  const hint = has(`customer.new.hint.${channel.name}`) ? t(`customer.new.hint.${channel.name}`) : "";
  const fields = channel.asks.map((name) => field(name, { ...(ABOUT[name] || { maxlength: 64 }), ...(name === "language_code" ? { value: spoken() } : {}) }, channel));
  ask(t("customer.new"), fields, async (said) => made(await post(`${place}/people`, said)), { hint, verb: t("create") });
}

// What is said about an account at the provider by hand: where its webhooks go, and what signs them.
const configured = (channel, account) => channel.configures.map((name) => field(name, { value: account?.[name] || "", placeholder: name === "secret" && account ? t("unchanged") : null }, channel));

export function settings(place, channel, account, done) {
  ask(account.name, configured(channel, account), async (said) => done(await post(place, said)), { hint: t("settings.hint", { title: channel.provider }), verb: t("save"), label: t("settings") });
}

export function start(state, channel, choose) {
  const address = new URL(state.channel, location.href.split("#")[0]).href;
  const said = (name) => t([`${name}.${channel.name}`, name].find(has), { title: channel.provider });
  const number = h("input", { name: "number", value: channel.example, inputmode: "numeric", pattern: "[0-9]{1,20}", required: true });
  const form = h("form", { class: "start" }, h("label", {}, h("span", {}, said("start.number")), number), configured(channel, null), h("button", { class: "primary" }, t("start.begin")));
  form.append(sends(form, async ({ number: account, ...given }) => {
    await post(`${state.channel}/${account}`, given);
    choose({ account });
  }));
  return h("div", { class: "empty" }, h("h2", {}, said("start.title")), h("p", {}, said("start.text")),
    channel.snippet ? h("pre", { class: "snippet", tabindex: "0" }, channel.snippet.replace("{address}", address)) : null,
    h("p", {}, said("start.or")), form);
}
