// A menu that opens beside a button; Escape, a choice or a click elsewhere closes it, arrows walk through it.

import { h, icon } from "./dom.js";

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
const GAP = 4;

function walk(event, root) {
  const step = STEPS[event.key];
  if (!step) return;
  const all = [...root.querySelectorAll("button")];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  event.preventDefault();
}

function put(root, button) {
  const near = button.getBoundingClientRect();
  const { width, height } = root.getBoundingClientRect();
  const above = near.top - height - GAP;
  const left = Math.max(8, Math.min(near.left, innerWidth - width - 8));
  root.style.left = `${left}px`;
  root.style.top = `${Math.max(8, above >= 8 ? above : Math.min(near.bottom + GAP, innerHeight - height - 8))}px`;
}

export function item(name, label, act) {
  return h("button", { type: "button", role: "menuitem", onclick: act }, icon(name), label);
}

export function menu(button, label, ...items) {
  const root = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto", onkeydown: (event) => walk(event, root) }, items);
  root.addEventListener("click", (event) => event.target.closest("button") && root.hidePopover());
  root.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    button.setAttribute("aria-expanded", "false");
    root.remove();
  });
  document.body.append(root);
  root.showPopover();
  put(root, button);
  button.setAttribute("aria-expanded", "true");
  root.querySelector("button").focus();
}
