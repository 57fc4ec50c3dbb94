// Ctrl K or /: the palette. It asks while one types, and the last question wins; without it the same is a page.

const WAIT_MS = 120;
const dialog = document.querySelector("[data-palette]");
const field = () => dialog.querySelector("[data-palette-field]");
const results = () => dialog.querySelector("[data-palette-results]");
const hits = () => [...dialog.querySelectorAll("[data-hit]")];
let asking, waiting, shown = "";

async function fetched(q) {
  asking?.abort();
  asking = new AbortController();
  const address = `${dialog.dataset.palette}?${new URLSearchParams({ q, here: location.pathname })}`;
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: asking.signal });
  if (answer.redirected) return location.reload(); // the session has ended
  return answer.ok ? answer.text() : "<p class=none>That did not work. Try again in a moment.</p>";
}

async function show(q) {
  const found = await fetched(q).catch((error) => error.name === "AbortError" ? undefined : "<p class=none>No answer from the server.</p>");
  if (found === undefined) return; // overtaken by a newer question
  results().innerHTML = found;
  shown = q;
  if (!q) dialog.dispatchEvent(new CustomEvent("palette:empty", { detail: results() }));
  choose(0);
}

// What stands there may be the answer to fewer letters than are typed: Enter waits for its own.
async function take() {
  const q = field().value.trim();
  if (q !== shown) clearTimeout(waiting), await show(q);
  if (q !== shown || q !== field().value.trim()) return;
  hits().find((hit) => hit.getAttribute("aria-selected") === "true")?.click();
}

function open() {
  if (dialog.open) return dialog.close();
  field().value = "";
  dialog.showModal();
  field().focus();
  show("");
}

// As the pattern of a combobox wants it, here only: on the page of the search they are links and headings.
function choose(at) {
  const all = hits();
  results().role = all.length ? "listbox" : "group";
  for (const section of results().querySelectorAll("section")) {
    Object.assign(section, { role: "group", ariaLabel: section.firstElementChild.textContent }).firstElementChild.role = "presentation";
  }
  all.forEach((hit, number) => Object.assign(hit, { role: "option", id: hit.id || `hit-${number}`, ariaSelected: String(number === at) }));
  all[at]?.scrollIntoView({ block: "nearest" });
  field().setAttribute("aria-activedescendant", all[at]?.id ?? "");
}

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const jump = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !typing(event.target) && !document.querySelector("[data-search]");
    if (!(jump || slash) || event.defaultPrevented) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette-opener]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("input", () => {
    clearTimeout(waiting);
    choose(-1); // nothing of the old answer is meant any more
    waiting = setTimeout(() => show(field().value.trim()), WAIT_MS);
  });
  dialog.addEventListener("keydown", (event) => {
    const all = hits(), at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(Math.min(at + 1, all.length - 1));
    else if (event.key === "ArrowUp") choose(Math.max(at - 1, 0));
    else if (event.key === "Enter" && event.target === field()) take();
    else if (event.key === "Escape") dialog.close(); // a search field would only be emptied
    else return;
    event.preventDefault();
  });
}
