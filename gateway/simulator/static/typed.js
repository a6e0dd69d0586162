// Formatting as it is typed in Telegram's apps: **bold**, __italic__, ~~struck~~, ||hidden||, `code`, ```block```, [words](address).

const MARKS = [
  [/^```(?:([a-z0-9+#-]+)\n)?([\s\S]+?)```/i, (found) => ({ type: "pre", inside: found[2].replace(/^\n|\n$/g, ""), more: found[1] ? { language: found[1] } : {}, plain: true })],
  [/^`([^`\n]+)`/, (found) => ({ type: "code", inside: found[1], plain: true })],
  [/^\*\*(?=\S)([\s\S]+?)\*\*/, (found) => ({ type: "bold", inside: found[1] })],
  [/^__(?=\S)([\s\S]+?)__/, (found) => ({ type: "italic", inside: found[1] })],
  [/^~~(?=\S)([\s\S]+?)~~/, (found) => ({ type: "strikethrough", inside: found[1] })],
  [/^\|\|(?=\S)([\s\S]+?)\|\|/, (found) => ({ type: "spoiler", inside: found[1] })],
  [/^\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/, (found) => ({ type: "text_link", inside: found[1], more: { url: found[2] } })],
];

// The plain text and its entities; offsets are UTF-16 code units, which JavaScript counts in as well.
export function typed(source) {
  const entities = [];
  let text = "";
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const mark = MARKS.map(([pattern, make]) => [rest.match(pattern), make]).find(([found]) => found);
    if (!mark) {
      text += source[at];
      at += 1;
      continue;
    }
    const { type, inside, more = {}, plain } = mark[1](mark[0]);
    const nested = plain ? { text: inside, entities: [] } : typed(inside);
    entities.push({ type, offset: text.length, length: nested.text.length, ...more });
    entities.push(...nested.entities.map((entity) => ({ ...entity, offset: entity.offset + text.length })));
    text += nested.text;
    at += mark[0][0].length;
  }
  return { text, entities };
}

const ENDS = { bold: ["**", "**"], italic: ["__", "__"], strikethrough: ["~~", "~~"], spoiler: ["||", "||"], code: ["`", "`"] };

function ends(entity) {
  if (entity.type === "pre") return [`\`\`\`${entity.language ? `${entity.language}\n` : ""}`, "```"];
  return entity.type === "text_link" ? ["[", `](${entity.url})`] : ENDS[entity.type];
}

// The other way round: what one would have typed, for editing.
export function untyped(text, entities = []) {
  const put = Array.from({ length: text.length + 1 }, () => ["", ""]);
  for (const entity of entities) {
    const marks = ends(entity);
    if (!marks) continue;
    put[entity.offset][1] += marks[0];
    const end = put[entity.offset + entity.length];
    end[0] = marks[1] + end[0];
  }
  return put.map(([closed, opened], at) => closed + opened + (text[at] ?? "")).join("");
}
