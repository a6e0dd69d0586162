// What the customer looks like, and a menu to look otherwise.

import { post } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { item, menu } from "./menu.js";

// Somebody picks a file; nothing happens when they do not.
function pick(chosen) {
  const input = h("input", { type: "file", accept: "image/*", onchange: () => input.files[0] && chosen(input.files[0]) });
  input.click();
}

export function portrait(chat, person, failed) {
  const send = (body) => post(`${chat}/picture`, body).catch(failed);
  const own = (file) => {
    const form = new FormData();
    form.append("picture", file);
    send(form);
  };
  const open = () => menu(button, t("face"), [
    item("person", t("face.drawn"), () => send({})),
    item("picture", t("face.own"), () => pick(own)),
    person.picture === null ? null : item("remove", t("face.none"), () => send({ picture: null })),
    h("p", { class: "hint" }, t("face.hint")),
  ]);
  const shown = person.picture === null ? icon("person") : h("img", { src: `api/${chat}/picture?${person.picture}`, alt: "", width: 32, height: 32 });
  const button = h("button", { type: "button", id: "face", class: "face", title: t("face"), "aria-label": t("face"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, shown);
  return button;
}
