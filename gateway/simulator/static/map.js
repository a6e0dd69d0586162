// A place on a card: not a real map (nothing is asked of anybody outside), but always the same for the same place.

import { h, s } from "./dom.js";
import { t } from "./i18n.js";

const WIDE = 264;
const TALL = 116;

function dice(seed) {
  let rest = seed >>> 0 || 1;
  return () => {
    rest = (Math.imul(rest, 1664525) + 1013904223) >>> 0;
    return rest / 4294967296;
  };
}

function street(roll, steep, at) {
  const bend = (roll() - 0.5) * 60;
  const d = steep
    ? `M${at} -20 Q${at + bend} ${TALL / 2} ${at - bend / 2} ${TALL + 20}`
    : `M-20 ${at} Q${WIDE / 2} ${at + bend} ${WIDE + 20} ${at - bend / 2}`;
  return s("path", { d, class: roll() > 0.7 ? "avenue" : "street" });
}

function drawn({ latitude, longitude }) {
  const roll = dice(Math.round((latitude + 90) * 9973) * 31 + Math.round((longitude + 180) * 7919));
  const blocks = Array.from({ length: 3 }, () =>
    s("ellipse", { class: "park", cx: roll() * WIDE, cy: roll() * TALL, rx: 20 + roll() * 40, ry: 12 + roll() * 24 }));
  const river = s("path", { class: "river", d: `M-10 ${roll() * TALL} C${WIDE / 3} ${roll() * TALL} ${WIDE / 1.5} ${roll() * TALL} ${WIDE + 10} ${roll() * TALL}` });
  const streets = [0.1, 0.3, 0.5, 0.7, 0.9].flatMap((part) => [street(roll, true, part * WIDE + roll() * 20), street(roll, false, part * TALL + roll() * 12)]);
  const pin = s("g", { class: "pin" }, s("path", { d: `M${WIDE / 2} ${TALL / 2 + 18}c-9-12-13-17-13-24a13 13 0 0 1 26 0c0 7-4 12-13 24z` }), s("circle", { cx: WIDE / 2, cy: TALL / 2 - 6, r: 4.5 }));
  return s("svg", { class: "map", viewBox: `0 0 ${WIDE} ${TALL}`, "aria-hidden": "true" }, blocks, river, streets, pin);
}

export function map(place, title = "", address = "") {
  const numbers = `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`;
  return h("div", { class: "place" }, drawn(place),
    h("p", {}, h("strong", { dir: "auto" }, title || t("location")), address ? h("span", { dir: "auto" }, address) : null, h("small", {}, numbers)));
}
