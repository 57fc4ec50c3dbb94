// The board by keyboard: arrows and j, k walk the cards; space lifts one, arrows move it, space drops it, escape puts it back.

const board = document.querySelector("[data-board]");
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0], k: [0, -1], j: [0, 1] };
let lifted = null; // the card, and where it came from

const columns = () => [...board.querySelectorAll("[data-column]")];
const columnOf = (card) => card.closest("[data-column]");
const cards = (column) => [...column.querySelector("[data-cards]").children];
const nameOf = (card) => card.querySelector("b").textContent;

function say(text) {
  document.querySelector("[data-said]").textContent = text;
}

function focus(card) {
  card?.querySelector("a").focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function where(card) {
  const column = columnOf(card);
  const all = cards(column);
  return `${column.dataset.name}, ${all.indexOf(card) + 1} of ${all.length}`;
}

// The nearest column that way with cards in it; in one column the next card.
function walk(card, [across, down]) {
  const column = columnOf(card);
  const at = cards(column).indexOf(card);
  if (down) return focus(cards(column)[at + down] ?? card);
  const all = columns();
  for (let next = all.indexOf(column) + across; all[next]; next += across) {
    const there = cards(all[next]);
    if (there.length) return focus(there[Math.min(at, there.length - 1)]);
  }
}

function lift(card) {
  lifted = { card, from: { list: card.parentElement, before: card.nextElementSibling } };
  card.dataset.lifted = "keys";
  say(`${nameOf(card)} is lifted, in ${where(card)}. Arrow keys move it, space drops it, escape puts it back.`);
}

function carry(card, [across, down]) {
  const column = columnOf(card);
  const all = cards(column);
  const at = all.indexOf(card);
  if (down) {
    const beside = all[at + down];
    if (!beside) return;
    if (down < 0) beside.before(card);
    else beside.after(card);
  } else {
    const next = columns()[columns().indexOf(column) + across];
    if (!next) return;
    next.querySelector("[data-cards]").insertBefore(card, cards(next)[at] ?? null);
  }
  focus(card);
  say(`${where(card)}.`);
}

function drop() {
  const { card, from } = lifted;
  delete card.dataset.lifted;
  const moved = card.parentElement !== from.list || card.nextElementSibling !== from.before;
  say(moved ? `${nameOf(card)} is dropped in ${where(card)}.` : `${nameOf(card)} stays where it is.`);
  if (moved) document.dispatchEvent(new CustomEvent("deal:place", { detail: lifted }));
  lifted = null;
}

function putBack(goOn = true) {
  const { card, from } = lifted;
  lifted = null;
  delete card.dataset.lifted;
  from.list.insertBefore(card, from.before);
  if (goOn) focus(card);
  say(`${nameOf(card)} is back in ${where(card)}.`);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const card = event.target.closest?.("[data-deal]");
  const may = "may" in board.dataset && card && !("pending" in card.dataset);
  const arrow = ARROWS[event.key];
  if (lifted && event.key === "Escape") putBack();
  else if (lifted && (event.key === " " || event.key === "Enter")) drop();
  else if (lifted && arrow) carry(lifted.card, arrow);
  else if (lifted) return;
  else if (event.key === " " && may && event.target.matches(".cover")) lift(card);
  else if (event.key === "m" && may) document.dispatchEvent(new CustomEvent("deal:choose", { detail: card }));
  else if (arrow && card) walk(card, arrow);
  else if (arrow && event.target.matches("body, main, [data-board]")) focus(board.querySelector("[data-deal]"));
  else return;
  event.preventDefault();
  event.stopPropagation();
}

if (board) {
  document.addEventListener("keydown", pressed, true);
  // Who goes elsewhere leaves no card in the air.
  const left = () => lifted && document.hasFocus() && !lifted.card.contains(document.activeElement);
  document.addEventListener("focusout", () => setTimeout(() => left() && putBack(false)));
}
