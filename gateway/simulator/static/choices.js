// What can be chosen under a line: buttons, a list behind a button, and offers that go once the customer has answered.

import { closeOnBackdrop, h, icon } from "./dom.js";
import { t } from "./i18n.js";

function button(one, kept, actions) {
  if (one.url) {
    return h("a", { class: "inline", href: /^https?:/i.test(one.url) ? one.url : "#", target: "_blank", rel: "noopener noreferrer" }, one.text, " ↗");
  }
  const waiting = actions.waiting(kept.message_id, one.data);
  return h("button", { type: "button", class: "inline", disabled: !("data" in one), "aria-busy": waiting ? "true" : null,
    onclick: () => actions.press(kept.message_id, one.data) },
  one.text, waiting ? h("span", { class: "spinner", role: "img", "aria-label": t("button.waiting") }) : null);
}

export const keyboard = (rows, kept, actions) => h("div", { class: "keyboard" }, rows.map((row) => h("div", {}, row.map((one) => button(one, kept, actions)))));

// A sheet with the rows of a list, as it comes up from below in the apps that have it.
function sheet(part, kept, actions) {
  const choose = (row) => { dialog.close(); actions.press(kept.message_id, row.data); };
  const dialog = h("dialog", { class: "sheet", "aria-label": part.label },
    h("h2", { dir: "auto" }, part.label),
    part.sections.map((section) => h("section", {}, section.title ? h("h3", { dir: "auto" }, section.title) : null,
      h("ul", {}, section.rows.map((row) => h("li", {}, h("button", { type: "button", onclick: () => choose(row) },
        h("strong", { dir: "auto" }, row.text), row.about ? h("small", { dir: "auto" }, row.about) : null)))))),
    h("form", { method: "dialog", class: "ends" }, h("button", {}, t("cancel"))));
  closeOnBackdrop(dialog);
}

export function choices(kept, actions) {
  return kept.parts.map((part) => {
    if (part.kind === "buttons") return keyboard(part.rows, kept, actions);
    if (part.kind !== "list") return null;
    return h("div", { class: "keyboard" }, h("div", {}, h("button", { type: "button", class: "inline", "aria-haspopup": "dialog", onclick: () => sheet(part, kept, actions) }, icon("list"), part.label)));
  });
}

export function offers(kept, actions) {
  const items = kept.parts.filter((part) => part.kind === "quick_replies").flatMap((part) => part.items);
  if (!items.length) return null;
  return h("div", { class: "offers", role: "group", "aria-label": t("offers") },
    items.map((one) => h("button", { type: "button", class: "offer", onclick: () => actions.press(kept.message_id, one.data) }, one.text)));
}
