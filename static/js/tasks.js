// Task lists by keyboard: j and k move, e completes, s snoozes, x chooses, Enter opens, n adds. And how many are chosen.

const lines = () => [...document.querySelectorAll("[data-task]")].filter((line) => line.offsetParent);
const here = () => document.activeElement?.closest("[data-task]");

function move(step) {
  const all = lines();
  const at = all.indexOf(here());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus({ focusVisible: true });
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  e: () => here()?.querySelector("[data-tick]")?.click(),
  x: () => here()?.querySelector(".ticks")?.click(),
  s: () => here()?.querySelector("[data-verbs] > summary")?.click(),
  n: () => document.querySelector("[data-quick]")?.focus(),
  Enter: () => document.activeElement === here() && here()?.querySelector("[data-open]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input:not(.ticks), select, textarea, dialog, [contenteditable]")) return;
  if (event.key === "Enter" && event.target !== here()) return;
  if (!keys[event.key]) return;
  keys[event.key]();
  event.preventDefault();
});

// The bar of the chosen: CSS shows it, here it counts. Choosing none also forgets what a swap has brought since.
function count() {
  const chosen = document.querySelectorAll(".ticks:checked").length;
  for (const place of document.querySelectorAll("[data-chosen]")) place.textContent = chosen;
}
document.addEventListener("change", (event) => event.target.matches(".ticks") && count());
document.addEventListener("reset", (event) => {
  if (event.target.id === "bulk") setTimeout(count);
});

// What htmx brings into a menu should be where the keys are.
document.addEventListener("htmx:after:swap", (event) => {
  count();
  const place = event.detail?.ctx?.target ?? event.target;
  if (place?.closest?.("[data-verbs][open]")) place.querySelector("button")?.focus();
});

// A ticked line is swapped for its new self: keep the place of whoever works by keyboard.
document.addEventListener("htmx:after:swap", (event) => {
  const id = event.detail?.ctx?.sourceElement?.closest?.("[data-task]")?.id ?? event.target?.closest?.("[data-task]")?.id;
  if (id && document.activeElement === document.body) document.getElementById(id)?.focus();
});
count();
