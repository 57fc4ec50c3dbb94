// The board by mouse and by finger: a card is taken by moving it, or by a long press, and shows where it would stand.

const board = document.querySelector("[data-board]");
const FAR = 6; // pixels, until a press is a drag
const LONG_MS = 320; // until a finger that rests lifts a card
const EDGE = 56; // pixels from an edge where the board scrolls along
let held = null; // the press: its card, where it began, and what moves with it once it is lifted

function lift() {
  const { card } = held;
  const box = card.getBoundingClientRect();
  held.from = { list: card.parentElement, before: card.nextElementSibling };
  held.ghost = card.cloneNode(true);
  held.ghost.removeAttribute("id");
  held.ghost.classList.add("ghost");
  held.ghost.setAttribute("aria-hidden", "true");
  held.ghost.style.inlineSize = `${box.width}px`;
  held.offset = { x: held.x - box.left, y: held.y - box.top };
  document.body.append(held.ghost);
  card.dataset.lifted = "drag";
  board.classList.add("dragging");
  held.scrolling = requestAnimationFrame(scroll);
  follow(held.x, held.y);
}

function follow(x, y) {
  held.at = { x, y };
  held.ghost.style.transform = `translate(${x - held.offset.x}px, ${y - held.offset.y}px)`;
  const column = document.elementFromPoint(x, y)?.closest("[data-column]");
  for (const one of board.querySelectorAll("[data-column]")) one.classList.toggle("over", one === column);
  if (!column) return;
  const others = [...column.querySelector("[data-cards]").children].filter((card) => card !== held.card);
  const below = others.find((card) => {
    const box = card.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  const list = column.querySelector("[data-cards]");
  if (held.card.parentElement !== list || held.card.nextElementSibling !== (below ?? null)) list.insertBefore(held.card, below ?? null);
}

// Near an edge more of the board, or of the column, comes into sight.
function scroll() {
  if (!held?.ghost) return;
  const { x, y } = held.at;
  const box = board.getBoundingClientRect();
  const pull = (at, low, high) => (at < low + EDGE ? -1 : at > high - EDGE ? 1 : 0) * 12;
  board.scrollBy({ left: pull(x, box.left, box.right), behavior: "instant" });
  const list = document.elementFromPoint(x, y)?.closest("[data-column]");
  const inner = list?.getBoundingClientRect();
  if (inner) list.scrollBy({ top: pull(y, inner.top, inner.bottom), behavior: "instant" });
  held.scrolling = requestAnimationFrame(scroll);
}

function letGo(drop) {
  const { card, from, ghost, timer, scrolling } = held;
  clearTimeout(timer);
  held = null;
  if (!ghost) return;
  cancelAnimationFrame(scrolling);
  ghost.remove();
  delete card.dataset.lifted;
  board.classList.remove("dragging");
  for (const one of board.querySelectorAll(".over")) one.classList.remove("over");
  const moved = card.parentElement !== from.list || card.nextElementSibling !== from.before;
  if (!drop && moved) from.list.insertBefore(card, from.before);
  if (drop && moved) document.dispatchEvent(new CustomEvent("deal:place", { detail: { card, from } }));
  // The click that follows a drag is none.
  const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }));
}

if (board && "may" in board.dataset) {
  board.addEventListener("pointerdown", (event) => {
    const card = event.target.closest("[data-deal]");
    if (!card || event.button || event.target.closest(".to") || "pending" in card.dataset || held) return;
    held = { card, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    if (event.pointerType !== "mouse") held.timer = setTimeout(lift, LONG_MS);
  });
  addEventListener("pointermove", (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > FAR;
    if (held.ghost) follow(event.clientX, event.clientY);
    else if (far && held.timer) letGo(false);
    else if (far) lift();
  });
  addEventListener("pointerup", (event) => held?.pointer === event.pointerId && letGo(true));
  addEventListener("pointercancel", () => held && letGo(false));
  addEventListener("keydown", (event) => event.key === "Escape" && held?.ghost && letGo(false));
  board.addEventListener("touchmove", (event) => held?.ghost && event.preventDefault(), { passive: false });
  board.addEventListener("contextmenu", (event) => held?.timer && event.preventDefault());
  board.addEventListener("dragstart", (event) => event.preventDefault());
}
