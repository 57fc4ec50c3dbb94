// The queue beside a ticket: its rows are remembered when one leaves the list, and each says how long there is by now.

const QUEUE = "holdfast:queue";
const LIST = "[data-queue] tbody > tr";
const EVERY_MS = 60_000;

// The list keeps what it shows; whoever opens a ticket from it has the others beside it, and j and k walk them.
function remember() {
  const rows = [...document.querySelectorAll(LIST)].map((row) => {
    const link = row.querySelector("a.cover");
    const { pathname, search } = new URL(link?.href ?? location.href);
    return link && { path: pathname, url: pathname + search, title: link.querySelector("b")?.textContent.trim(), beside: link.parentElement.querySelector("small")?.textContent.trim() };
  });
  const title = document.querySelector("#views [aria-current]")?.textContent.trim() ?? "Tickets";
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

const numberOf = (row) => row.path.match(/(\d+)\/$/)?.[1];

// As in the list: number and time on top, then what it is about, and who asks.
function line(row, here) {
  const [number, ...asks] = (row.beside ?? "").split(" · ");
  const item = document.createElement("li");
  const link = document.createElement("a");
  const top = element("span", "row between", "");
  link.href = row.url;
  if (here) link.setAttribute("aria-current", "page");
  top.append(element("small", "muted", number), element("span", "", ""));
  top.lastChild.dataset.due = numberOf(row);
  link.append(top, element("b", "", row.title), element("small", "muted clip", asks.join(" · ")));
  item.append(link);
  return item;
}

async function tell(room, rows) {
  const answer = await fetch(`${room.dataset.queue}?of=${rows.map(numberOf).join(",")}`);
  if (!answer.ok || answer.redirected) return;
  const stand = await answer.json();
  for (const place of room.querySelectorAll("[data-due]")) {
    const [words, tone] = stand[place.dataset.due] ?? ["", ""];
    place.textContent = words;
    place.className = words && `badge ${tone}`;
  }
}

function show() {
  const { url, title, rows } = queue();
  const room = document.querySelector("nav[data-queue]");
  const at = rows.findIndex((row) => row.path === location.pathname);
  if (!room || at < 0) return;
  room.querySelector("ul").append(...rows.map((row, place) => line(row, place === at)));
  room.querySelector("[data-queue-link]").textContent = title;
  room.querySelector("[data-queue-link]").href = url;
  room.querySelector("[data-queue-many]").textContent = rows.length;
  room.hidden = false;
  if (!room.checkVisibility()) return; // no room for it
  const current = room.querySelector("[aria-current]");
  current.closest("ul").scrollTop = current.offsetTop - 80;
  tell(room, rows);
  setInterval(() => document.hidden || tell(room, rows), EVERY_MS);
}
show();
