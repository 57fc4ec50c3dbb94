// Lists whose lines are put into another order, by their grips: with mouse and finger, or lifted by space, moved by
// arrows, dropped by space, put back by escape. The order is saved with one request; if somebody else was quicker, the
// page is loaded again and says so.

const EDGE = 64; // pixels from the edge of the window where the page scrolls along
let held = null; // what is moved: its line, its list, the ids as they stood, and whether by "keys" or "drag"

const lines = (list) => [...list.querySelectorAll(":scope > [data-item]")];
const ids = (list) => lines(list).map((line) => line.dataset.item);
const gripOf = (line) => line.querySelector("[data-grip]");

function say(text) {
  document.querySelector("[data-said]").textContent = text;
}

function where({ line, list }) {
  const all = lines(list);
  return `${all.indexOf(line) + 1} of ${all.length}`;
}

function lift(line, by) {
  const list = line.parentElement;
  held = { line, list, by, before: ids(list) };
  line.dataset.lifted = by;
  gripOf(line).setAttribute("aria-pressed", "true");
  if (by === "keys") say(`${line.dataset.name} is lifted, ${where(held)}. Arrow keys move it, space drops it, escape puts it back.`);
}

function carry(down) {
  const { line, list } = held;
  const all = lines(list);
  const beside = all[all.indexOf(line) + down];
  if (!beside) return;
  if (down < 0) beside.before(line);
  else beside.after(line);
  gripOf(line).focus();
  say(`${where(held)}.`);
}

// Down it goes where it is, or, if it is not to be, back.
function drop(stays) {
  const { line, list, before, by } = held;
  if (!stays) for (const id of before) list.append(list.querySelector(`:scope > [data-item="${id}"]`));
  const changed = ids(list).join() !== before.join();
  say(stays ? `${line.dataset.name} is dropped, ${where(held)}.` : `${line.dataset.name} is back, ${where(held)}.`);
  held = null;
  delete line.dataset.lifted;
  gripOf(line).setAttribute("aria-pressed", "false");
  if (by === "keys" && document.activeElement === document.body) gripOf(line).focus();
  if (changed) save(list, before);
}

async function save(list, before) {
  const body = new FormData();
  for (const id of ids(list)) body.append("item", id);
  for (const id of before) body.append("seen", id);
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  try {
    const answer = await fetch(list.dataset.sorting, { method: "POST", body, headers: { "HX-Request": "true", ...token } });
    if (answer.redirected || answer.status === 409) return location.reload();
    if (!answer.ok) throw new Error(answer.statusText);
    const news = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("toasts").append(...news.querySelectorAll("[data-toast]"));
  } catch {
    for (const id of before) list.append(list.querySelector(`:scope > [data-item="${id}"]`));
    document.dispatchEvent(new CustomEvent("htmx:response:error"));
  }
}

document.addEventListener("keydown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (held?.by === "drag" && event.key === "Escape") return drop(false);
  if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
  const mine = held?.by === "keys";
  if (event.key === " " || event.key === "Enter") mine ? drop(true) : held || lift(grip.closest("[data-item]"), "keys");
  else if (mine && event.key === "ArrowUp") carry(-1);
  else if (mine && event.key === "ArrowDown") carry(1);
  else if (mine && event.key === "Escape") drop(false);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
// Whoever goes elsewhere with a lifted line leaves it where it was.
document.addEventListener("focusout", () => setTimeout(() => held?.by === "keys" && !held.line.contains(document.activeElement) && drop(false)));

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button || held) return;
  grip.setPointerCapture(event.pointerId);
  lift(grip.closest("[data-item]"), "drag");
});
document.addEventListener("pointermove", (event) => {
  if (held?.by !== "drag") return;
  const { line, list } = held;
  const below = lines(list).find((other) => other !== line && event.clientY < other.getBoundingClientRect().top + other.offsetHeight / 2);
  if (line.nextElementSibling !== (below ?? null)) list.insertBefore(line, below ?? null);
  scrollBy({ top: event.clientY < EDGE ? -12 : event.clientY > innerHeight - EDGE ? 12 : 0, behavior: "instant" });
});
document.addEventListener("pointerup", () => held?.by === "drag" && drop(true));
document.addEventListener("pointercancel", () => held?.by === "drag" && drop(false));
