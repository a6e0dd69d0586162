/** The few icons, drawn with one pen. They are decoration: what they mean is said by the control around them. */
import { html } from '../html.js';

/** @type {Record<string, any>} */
const PATHS = {
  inbox: 'M3 13l2.5-8h13L21 13v6H3zM3 13h5l1.5 3h5L16 13h5',
  gear: 'M12 15.2a3.2 3.2 0 100-6.4 3.2 3.2 0 000 6.4zM12 2.8v3M12 18.2v3M2.8 12h3M18.2 12h3M5.5 5.5l2.1 2.1M16.4 16.4l2.1 2.1M5.5 18.5l2.1-2.1M16.4 7.6l2.1-2.1',
  help: 'M9.2 9a2.9 2.9 0 115 2.2c-1.4 1-2.2 1.6-2.2 3M12 17.6v.1M12 21a9 9 0 100-18 9 9 0 000 18z',
  search: 'M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.3 15.3L20.5 20.5',
  picture: 'M3.5 5h17v14h-17zM3.5 16l5-5 4 4 3-3 5 4.5M15.5 9.2v.1',
  buttons: 'M4 5h16v5.5H4zM4 14h16v5.5H4zM8 7.8h8M8 16.8h8',
  template: 'M5 3h14v18H5zM8.5 8h7M8.5 12h2M13.5 12h2M8.5 16h4',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
  back: 'M14.5 5l-7 7 7 7',
  panel: 'M3.5 5h17v14h-17zM14.5 5v14',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  down: 'M12 5v13M6 12.5l6 6 6-6',
  alert: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.1',
  unsure: 'M9.2 9a2.9 2.9 0 115 2.2c-1.4 1-2.2 1.6-2.2 3M12 17.6v.1M12 21a9 9 0 100-18 9 9 0 000 18z',
  file: 'M6 3h8l4.5 4.5V21H6zM14 3v4.5h4.5',
  pin: 'M12 21c4-4.5 6-7.6 6-10.5a6 6 0 10-12 0C6 13.4 8 16.5 12 21zM12 12.500a2 2 0 100-4 2 2 0 000 4z',
  card: 'M3 5.500h18v13H3zM8.5 12a2 2 0 100-4 2 2 0 000 4zM5.5 16c.5-1.8 1.6-2.5 3-2.500s2.5.7 3 2.500M14.5 9.500h4M14.5 13h4',
  person: 'M12 11.500a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM5 20c.8-3.6 3.3-5.500 7-5.500s6.2 1.900 7 5.500',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  reply: 'M10 6L4 12l6 6M4.500 12H14a6 6 0 016 6v.5',
  pen: 'M4 20l1-4L16.500 4.500l3 3L8 19zM14 7l3 3',
  bin: 'M5 7h14M10 7V4.500h4V7M7 7l.8 13h8.4L17 7',
  voice: 'M12 15a3 3 0 003-3V6.500a3 3 0 10-6 0V12a3 3 0 003 3zM5.500 11.500a6.5 6.5 0 0013 0M12 18v3',
  sound: 'M9 18V6l10-2v12M9 18a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0zM19 16a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0z',
  mark: 'M2.5 16C6 8.5 18 8.5 21.5 16M2.5 20h19',
};

/** @param {{name: string, size?: number}} props */
export function Icon({ name, size = 18 }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

const ONE = 'M3 8.500l3 3L12.5 5';
const TWO = 'M1.5 8.500l3 3L11 5M7.5 11.300l.3.2L14.5 5';

/** How far our message is, as a shape; the words are in `label`. @param {{status: string, label: string}} props */
export function Tick({ status, label }) {
  const clock = status === 'queued' || status === 'sending';
  return html`<svg class=${`tick ${status}`} role="img" aria-label=${label} viewBox="0 0 16 16" width="16" height="16" fill="none"
    stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><title>${label}</title>
    ${clock && html`<circle cx="8" cy="8" r="5.5" /><path d="M8 5v3.200l2 1.3" />`}
    ${status === 'sent' && html`<path d=${ONE} />`}
    ${status === 'delivered' && html`<path d=${TWO} />`}
    ${status === 'read' && html`<rect class="fill" x="0.5" y="1.5" width="15" height="13" rx="4" /><path class="cut" d=${TWO} />`}
    ${status === 'failed' && html`<circle cx="8" cy="8" r="6" /><path d="M8 4.800v3.800M8 11v.1" />`}
    ${status === 'uncertain' && html`<circle cx="8" cy="8" r="6" /><path d="M6.3 6.400a1.8 1.8 0 113 1.400c-.9.6-1.3.9-1.3 1.600M8 11.400v.1" />`}
  </svg>`;
}
