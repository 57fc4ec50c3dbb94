// The board: a card goes to another place with one request, and goes back if it may not stay there. Other modules tell it
// by events: deal:place (a card stands where it is to go), deal:send (a form finishes a move), deal:answer (news).

const board = document.querySelector("[data-board]");
const columnOf = (node) => node.closest("[data-column]");
const cardOf = (pk) => document.getElementById(`deal-${pk}`);

// How many more there are than stand here.
function tally() {
  for (const column of board.querySelectorAll("[data-column]")) {
    const more = column.querySelector("[data-more]");
    const left = Number(column.querySelector("[data-figures]").dataset.total) - column.querySelector("[data-cards]").children.length;
    more.hidden = left < 1;
    more.querySelector("[data-number]").textContent = left;
  }
}

// Where a card belongs by its own account. One that comes from elsewhere and stands lower than all that are shown is among
// those that are not shown yet.
function settle(card) {
  const old = cardOf(card.dataset.deal);
  const column = board.querySelector(`[data-column="${card.dataset.stage}"]`);
  const here = Boolean(old) && columnOf(old) === column;
  if (here && old.dataset.at === card.dataset.at) return;
  const focused = old?.contains(document.activeElement);
  old?.remove();
  if (!column) return;
  const list = column.querySelector("[data-cards]");
  const below = [...list.children].find((other) => Number(other.dataset.place) > Number(card.dataset.place));
  if (!below && !here && !column.querySelector("[data-more]").hidden) return;
  list.insertBefore(card, below ?? null);
  card.classList.toggle("came", !focused);
  if (focused) card.querySelector("a").focus({ preventScroll: true });
}

function apply(html) {
  const news = new DOMParser().parseFromString(html, "text/html");
  for (const figures of news.querySelectorAll("[data-figures]")) document.getElementById(figures.id)?.replaceWith(figures);
  for (const card of news.querySelectorAll("[data-deal]")) settle(card);
  for (const { dataset } of news.querySelectorAll("[data-gone]")) cardOf(dataset.gone)?.remove();
  document.getElementById("toasts").append(...news.querySelectorAll("[data-toast]"));
  tally();
}

function putBack({ card, from }) {
  if (!card.isConnected) return;
  const focused = card.contains(document.activeElement);
  from.list.insertBefore(card, from.before?.isConnected ? from.before : null);
  if (focused) card.querySelector("a").focus({ preventScroll: true });
  tally();
}

async function send({ url, body, move }) {
  const { card } = move;
  card.dataset.pending = "";
  try {
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
    const answer = await fetch(url, { method: "POST", body, headers: { "HX-Request": "true", ...token } });
    if (answer.redirected) return location.reload(); // the session has ended
    const html = await answer.text();
    if (answer.status === 422) return document.dispatchEvent(new CustomEvent("deal:ask", { detail: { html, move } }));
    document.dispatchEvent(new CustomEvent("deal:settled"));
    if (answer.status !== 200 && answer.status !== 409) throw new Error(answer.statusText);
    if (answer.status === 409) putBack(move);
    card.dataset.at = ""; // whatever the answer says of it holds
    apply(html);
  } catch {
    putBack(move);
    document.dispatchEvent(new CustomEvent("htmx:response:error"));
  } finally {
    delete card.dataset.pending;
  }
}

if (board) {
  document.addEventListener("deal:answer", ({ detail }) => apply(detail));
  document.addEventListener("deal:send", ({ detail }) => send(detail));
  document.addEventListener("deal:back", ({ detail }) => putBack(detail));
  document.addEventListener("deal:tally", tally);
  document.addEventListener("deal:place", ({ detail: move }) => {
    const { card } = move;
    const body = new FormData();
    body.set("stage", columnOf(card).dataset.column);
    body.set("after", card.previousElementSibling?.dataset.deal ?? "");
    body.set("seen", card.dataset.stage);
    tally();
    send({ url: `${card.querySelector("[data-asks]").href}?board=${board.dataset.board}&${board.dataset.asked}`, body, move });
  });
}
