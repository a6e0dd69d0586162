// What people do that is no message: a menu of the channel's own deeds, with a small form where something is asked.

import { post } from "./api.js";
import { ask } from "./ask.js";
import { h, icon } from "./dom.js";
import { has, t } from "./i18n.js";
import { item, menu } from "./menu.js";

const ICONS = {
  order: "list", fill: "edit", arrive: "in", group: "person", marketing: "close", renumber: "settings", silence: "tick-queued",
  share: "out", story: "picture", mention: "sticker", heart: "smile", elsewhere: "reply", handover: "settings", optin: "add",
};

// What is suggested stands in the field; several suggestions with bars between them are all that one can choose.
function field(deed, name, suggested) {
  const label = t([`act.${deed}.${name}`, `act.field.${name}`].find(has));
  const options = suggested.split("|");
  const word = (option) => (has(`act.${deed}.${option}`) ? t(`act.${deed}.${option}`) : option);
  return h("label", {}, h("span", {}, label), options.length > 1
    ? h("select", { name }, options.map((option) => h("option", { value: option }, word(option))))
    : h("input", { name, value: suggested, autocomplete: "off", maxlength: 200 }));
}

// The button of the menu, or nothing where there is nothing else to do.
export function acts(chat, channel, failed) {
  const offered = Object.entries(channel.acts).filter(([deed]) => channel.deeds.includes(deed));
  if (!offered.length) return null;
  const send = (deed, fields) => post(`${chat}/${deed}`, fields);
  const begin = (deed, asked) => {
    const fields = Object.entries(asked).map(([name, suggested]) => field(deed, name, suggested));
    if (fields.length) ask(t(`act.${deed}`), fields, (said) => send(deed, said), { verb: t("act.do"), hint: t(`act.${deed}.hint`) });
    else send(deed, {}).catch(failed);
  };
  const open = () => menu(button, t("acts"), offered.map(([deed, asked]) => item(ICONS[deed] || "more", t(`act.${deed}`), () => begin(deed, asked))));
  const button = h("button", { type: "button", id: "acts", class: "quiet", title: t("acts"), "aria-label": t("acts"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("more"));
  return button;
}
