// What a board asks: where a card is to go, what a stage wants first, and the next cards of a column.

const board = document.querySelector("[data-board]");
const dialog = document.getElementById("dialog");
let unfinished = null; // the move that the dialog is about: its card, and where it came from

const standing = (card) => ({ card, from: { list: card.parentElement, before: card.nextElementSibling } });
const asked = (url) => `${url}?board=${board.dataset.board}&${board.dataset.asked}`;

function open(html, move) {
  unfinished = move;
  dialog.innerHTML = html;
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector("[aria-invalid=true]") ?? dialog.querySelector(".body :is(input:not([type=hidden]), select, textarea, button:not([disabled]))");
  first?.focus();
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" } });
  if (answer.redirected) return location.reload();
  if (answer.ok) return answer.text();
  document.dispatchEvent(new CustomEvent("htmx:response:error"));
}

async function choose(card) {
  const html = await fetched(asked(card.querySelector("[data-asks]").href));
  if (html) open(html, standing(card));
}

// The cards below the last one that stands there; the focus goes on to the first of them.
async function further(more) {
  const list = more.parentElement.querySelector("[data-cards]");
  const last = list.lastElementChild;
  const below = last ? `${last.dataset.place}:${last.dataset.deal}` : "0:0";
  more.setAttribute("aria-busy", "true");
  const html = await fetched(`${more.dataset.more}?below=${below}&${board.dataset.asked}`);
  more.removeAttribute("aria-busy");
  if (!html) return;
  const come = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-deal]")];
  const fresh = come.filter((card) => !document.getElementById(card.id));
  list.append(...fresh);
  document.dispatchEvent(new CustomEvent("deal:tally"));
  if (document.activeElement === more || more.hidden) fresh[0]?.querySelector("a").focus({ preventScroll: true });
}

if (board) {
  document.addEventListener("deal:ask", ({ detail: { html, move } }) => open(html, move));
  document.addEventListener("deal:settled", () => {
    unfinished = null;
    if (dialog.open) dialog.close();
  });
  document.addEventListener("deal:choose", ({ detail: card }) => choose(card));

  board.addEventListener("click", (event) => {
    const chooser = event.target.closest("[data-asks]");
    const more = event.target.closest("[data-more]");
    if (event.ctrlKey || event.metaKey || (!chooser && !more)) return;
    event.preventDefault();
    if (chooser) choose(chooser.closest("[data-deal]"));
    else further(more);
  });

  dialog.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-finishes]") || !unfinished) return;
    event.preventDefault();
    const { target, submitter } = event;
    const detail = { url: target.action, body: new FormData(target, submitter), move: unfinished };
    document.dispatchEvent(new CustomEvent("deal:send", { detail }));
  });

  // Nothing was finished: the card goes back to where it was taken from.
  dialog.addEventListener("close", () => {
    const move = unfinished;
    unfinished = null;
    if (move && !("pending" in move.card.dataset)) document.dispatchEvent(new CustomEvent("deal:back", { detail: move }));
    move?.card.querySelector("a")?.focus({ preventScroll: true });
  });
}
