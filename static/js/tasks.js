// Task lists by keyboard: j and k move from task to task, x ticks the one in focus.

const lines = () => [...document.querySelectorAll("[data-task]")].filter((line) => line.offsetParent);

function move(step) {
  const all = lines();
  const here = all.indexOf(document.activeElement?.closest("[data-task]"));
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
  all[next]?.focus({ focusVisible: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x") document.activeElement?.closest("[data-task]")?.querySelector("[data-tick]")?.click();
  else return;
  event.preventDefault();
});

// A ticked line is swapped for its new self: keep the place of whoever works by keyboard.
document.addEventListener("htmx:after:swap", (event) => {
  const id = event.detail?.ctx?.sourceElement?.closest?.("[data-task]")?.id ?? event.target?.closest?.("[data-task]")?.id;
  if (id && document.activeElement === document.body) document.getElementById(id)?.focus();
});
