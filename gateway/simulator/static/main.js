// Puts the page together: one state, three views, one live stream.

import { get, listen } from "./api.js";
import { Faults } from "./faults.js";
import { speak, t } from "./i18n.js";
import { Phone } from "./phone.js";
import { Traffic } from "./traffic.js";

const state = { channels: [], channel: "telegram", account: null, chat: null, faults: [] };
const phone = new Phone(document.querySelector("#phone"), state, choose);
const traffic = new Traffic(document.querySelector("#traffic"), state);
const faults = new Faults(document.querySelector("#faults"), state);
let soon = 0;
let liveness = "resuming";
let told = 0; // how many changes of faults the stream told

// Which bot and customer are shown is in the address, so a reload and a link lead back to them.
function wished() {
  const [channel, account, chat] = location.hash.slice(1).split("/");
  return { channel: channel || "telegram", account, chat };
}

function settle(wanted) {
  const { channels } = state;
  state.channel = channels.some((one) => one.name === wanted.channel) ? wanted.channel : channels[0].name;
  const { accounts } = channels.find((one) => one.name === state.channel);
  state.account = accounts.find((one) => one.id === wanted.account) || accounts.find((one) => one.people.length) || accounts[0] || null;
  const people = state.account?.people || [];
  const person = people.find((one) => String(one.id) === String(wanted.chat)) || people[0];
  state.chat = person ? String(person.id) : null;
  if (state.account) history.replaceState(null, "", `#${[state.channel, state.account.id, state.chat].filter(Boolean).join("/")}`);
}

async function read(wanted = { channel: state.channel, account: state.account?.id, chat: state.chat }) {
  const before = told;
  const said = await get("state");
  state.channels = said.channels;
  if (before === told) state.faults = said.faults; // else what was told meanwhile is newer
  settle(wanted);
}

async function choose(wanted) {
  await read({ channel: state.channel, account: state.account?.id, chat: state.chat, ...wanted });
  await phone.open();
  faults.draw();
}

async function reload() {
  await read(state.account ? undefined : wished());
  await Promise.all([phone.open(), traffic.open()]);
  faults.draw();
}

// Names and settings changed: read them again, but not more than twice a second.
function readSoon() {
  if (soon) return;
  soon = setTimeout(async () => {
    soon = 0;
    const looks = () => JSON.stringify([state.account?.id, state.chat, phone.person?.blocked, phone.person?.away, state.account?.name, state.account?.people.map((one) => [one.name, one.picture])]);
    const before = looks();
    await read();
    const after = looks();
    if (before !== after) await phone.open();
    faults.draw();
  }, 300);
}

function fault(change) {
  told += 1;
  state.faults = state.faults.filter((one) => one.id !== (change.removed ?? change.fault.id));
  if (change.fault) state.faults.push(change.fault);
  faults.draw();
}

function changed(change) {
  if (change.what === "hello" || change.what === "resync") reload();
  else if (change.what === "traffic") traffic.changed(change.exchange);
  else if (change.what === "fault") fault(change);
  else if (change.what === "chat" || change.what === "account") readSoon();
  else phone.changed(change);
}

function show(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".views button")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
}

function live(now) {
  liveness = now;
  const place = document.querySelector("#live");
  place.textContent = t(`live.${now}`);
  place.dataset.state = now;
}

const language = document.querySelector("#language");
language.value = await speak();
language.addEventListener("change", async () => {
  await speak(language.value);
  live(liveness);
  phone.draw();
  traffic.draw();
  faults.draw();
});
for (const button of document.querySelectorAll(".views button")) button.addEventListener("click", () => show(button.dataset.view));
show(matchMedia("(max-width: 819px)").matches ? "phone" : "traffic");
live("resuming");
listen(changed, live);
