// The control API. Every address is relative, so the page works under any prefix.

async function ask(method, path, body) {
  const form = body instanceof FormData;
  const answer = await fetch(`api/${path}`, {
    method,
    headers: body && !form ? { "Content-Type": "application/json" } : {},
    body: body ? (form ? body : JSON.stringify(body)) : undefined,
  });
  if (answer.status === 204) return null;
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error || answer.statusText);
  return said;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

// Calls `changed` with every change and `state` with "live" or "resuming"; it reconnects by itself.
export function listen(changed, state) {
  const source = new EventSource("api/live");
  source.addEventListener("open", () => state("live"));
  source.addEventListener("error", () => state("resuming"));
  source.addEventListener("message", (event) => changed(JSON.parse(event.data)));
}
