// Forms: what is asked in a dialog or on the page, and what is said when it is refused.

import { closeOnBackdrop, h } from "./dom.js";
import { t } from "./i18n.js";

const given = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));

// Has `send` take what the form holds; the line it answers says why it was refused, and the form stays.
export function sends(form, send) {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send(given(form));
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  return error;
}

// A small form in a dialog; it closes once `send` is done.
export function ask(title, fields, send, { verb = t("send"), hint = "", label = title } = {}) {
  const form = h("form", { method: "dialog" }, h("h2", { dir: "auto" }, title), hint ? h("p", { class: "hint" }, hint) : null, fields);
  const dialog = h("dialog", { class: "form", "aria-label": label }, form);
  const error = sends(form, async (said) => {
    await send(said);
    dialog.close();
  });
  form.append(error, h("div", { class: "ends" }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), h("button", { class: "primary" }, verb)));
  closeOnBackdrop(dialog);
}
