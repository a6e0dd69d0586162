// A sound that can be played: its real shape, a place to jump to, and its length.

import { h, icon, s } from "./dom.js";
import { t } from "./i18n.js";

const BARS = 36;
const TALL = 22;
const LARGEST = 4e6; // bytes of a file whose shape is worth reading
const shapes = new Map();
let playing = null;

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

async function shape(address) {
  const answer = await fetch(address);
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(await answer.arrayBuffer());
  const samples = sound.getChannelData(0);
  const wide = Math.floor(samples.length / BARS);
  const bars = Array.from({ length: BARS }, (_, bar) => {
    let most = 0;
    for (let at = bar * wide; at < (bar + 1) * wide; at += 8) most = Math.max(most, Math.abs(samples[at]));
    return most;
  });
  const loudest = Math.max(...bars, 0.01);
  return bars.map((bar) => bar / loudest);
}

function drawn(heights) {
  const bars = heights.map((part, at) => {
    const height = Math.max(3, part * TALL);
    return s("rect", { x: at * 5, y: (TALL - height) / 2, width: 3, height, rx: 1.5 });
  });
  return s("svg", { class: "bars", viewBox: `0 0 ${BARS * 5 - 2} ${TALL}`, preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
}

export function sound(address, what, label, name = null) {
  const audio = new Audio();
  audio.preload = "none";
  audio.src = address;
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : what.duration || 0);
  const button = h("button", { type: "button", class: "play", "aria-label": t("play.what", { what: label }) }, icon("play"));
  const place = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": t("play.place") });
  const time = h("span", { class: "length" }, clock(what.duration || 0));
  const track = h("span", { class: "track" }, drawn(Array(BARS).fill(0.2)), place);
  const show = () => {
    const part = length() ? audio.currentTime / length() : 0;
    place.value = Math.round(part * 1000);
    track.querySelectorAll("rect").forEach((bar, at) => bar.classList.toggle("past", audio.currentTime > 0 && at / BARS < part));
    time.textContent = clock(audio.paused && !audio.currentTime ? length() : audio.currentTime);
  };
  const turn = () => {
    button.replaceChildren(icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(audio.paused ? "play.what" : "pause.what", { what: label }));
    show();
  };
  button.addEventListener("click", () => {
    if (!audio.paused) return audio.pause();
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    return audio.play().catch(() => { time.textContent = t("play.not"); });
  });
  place.addEventListener("input", () => { audio.currentTime = (place.value / 1000) * length(); });
  for (const happened of ["play", "pause"]) audio.addEventListener(happened, turn);
  audio.addEventListener("timeupdate", show);
  audio.addEventListener("ended", () => { audio.currentTime = 0; turn(); });
  if (!name && (what.file_size || 0) < LARGEST) {
    if (!shapes.has(address)) shapes.set(address, shape(address).catch(() => null));
    shapes.get(address).then((heights) => heights && track.querySelector("svg").replaceWith(drawn(heights)));
  }
  return h("div", { class: `sound${name ? " named" : ""}` }, button, h("div", {}, name, track, time));
}
