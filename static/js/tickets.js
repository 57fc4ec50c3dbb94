// A ticket by keyboard, and the queue that one came from: its rows are remembered when one leaves the list.

const QUEUE = "holdfast:queue";
const LIST = "[data-queue] tbody > tr";

const desk = document.querySelector("[data-ticket]");
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open], details[data-menu][open]");

// The list keeps what it shows; whoever opens a ticket from it has the others beside it, and j and k walk them.
function remember() {
  const rows = [...document.querySelectorAll(LIST)].map((row) => {
    const link = row.querySelector("a.cover");
    const { pathname, search } = new URL(link?.href ?? location.href);
    return link && { path: pathname, url: pathname + search, title: link.querySelector("b")?.textContent.trim(), beside: link.parentElement.querySelector("small")?.textContent.trim() };
  });
  const title = document.querySelector("h1")?.textContent.trim() ?? "Queue";
  sessionStorage.setItem(QUEUE, JSON.stringify({ url: location.pathname + location.search, title, rows: rows.filter(Boolean) }));
}
if (document.querySelector(LIST)) addEventListener("pagehide", remember);

function queue() {
  try {
    return JSON.parse(sessionStorage.getItem(QUEUE)) ?? { rows: [] };
  } catch {
    return { rows: [] };
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function line(row, here) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = row.url;
  if (here) link.setAttribute("aria-current", "page");
  link.append(element("b", "", row.title), element("small", "muted clip", row.beside));
  item.append(link);
  return item;
}

function showQueue() {
  const { url, title, rows } = queue();
  const room = document.querySelector("[data-queue]");
  const at = rows.findIndex((row) => row.path === location.pathname);
  if (!room || at < 0) return;
  room.querySelector("ul").append(...rows.map((row, place) => line(row, place === at)));
  room.querySelector("[data-queue-link]").textContent = title;
  room.querySelector("[data-queue-link]").href = url;
  room.querySelector("[data-queue-many]").textContent = rows.length;
  room.hidden = false;
  const current = room.querySelector("[aria-current]");
  current.closest("ul").scrollTop = current.offsetTop - 80;
}

function walk(step) {
  document.querySelector(`a[data-step="${step}"]`)?.click();
}

// On narrow screens one part is shown at a time.
function show(part) {
  desk.dataset.shown = part;
  for (const tab of document.querySelectorAll("[data-part]")) {
    if (tab.dataset.part === part) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
}

const keys = {
  r: () => open("answer"),
  n: () => open("note"),
  j: () => walk(1),
  k: () => walk(-1),
  s: () => document.querySelector("[data-key=s]")?.click(),
  a: () => document.querySelector("[data-key=a]")?.click(),
};

function open(tab) {
  show("conversation");
  document.querySelector(`[data-tab=${tab}]`)?.click();
}

if (desk) {
  showQueue();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-part]");
    if (!tab) return;
    event.preventDefault();
    show(tab.dataset.part);
  });
  if (location.hash === "#answer") open("answer");
  else if (!location.hash) document.querySelector("#talk > :last-child")?.scrollIntoView({ block: "nearest" });
}
