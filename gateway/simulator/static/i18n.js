// Every word of the page comes from a catalogue in locales/; the browser's language first, the reader's choice above it.

const LANGUAGES = ["en", "fr"];
const KEPT = "passerelle.simulator.language";
let words = {};
let language = "en";

function wished() {
  const kept = localStorage.getItem(KEPT);
  if (LANGUAGES.includes(kept)) return kept;
  const spoken = (navigator.languages || []).map((tag) => tag.slice(0, 2));
  return spoken.find((tag) => LANGUAGES.includes(tag)) || "en";
}

export async function speak(wanted = null) {
  if (wanted) localStorage.setItem(KEPT, wanted);
  language = wanted || wished();
  const answer = await fetch(`static/locales/${language}.json`);
  words = await answer.json();
  document.documentElement.lang = language;
  document.title = `${t("title")} · Passerelle`;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  return language;
}

export const spoken = () => language;

export function t(key, values = {}) {
  const found = words[key];
  if (found === undefined) return key;
  const count = values.count;
  const form = typeof found === "string" ? found : found[new Intl.PluralRules(language).select(count)] || found.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => words[key] !== undefined;

export const time = (date) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(date);

export const exact = (date) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" }).format(date);

export const fullDate = (date) => new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" }).format(date);

export function day(date) {
  const midnight = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
  const days = Math.round((midnight(date) - midnight(new Date())) / 86400000);
  if (days === 0 || days === -1) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" }).format(date);
}
