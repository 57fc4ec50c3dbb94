// Pairs by keyboard: j and k walk them, m merges, n says that they are two, l puts off.

const pairs = () => [...document.querySelectorAll("[data-pairs] > [data-pair]")];
const acts = { m: "[data-merge]", n: "[data-apart]", l: "[data-later]" };

function mark(next) {
  if (!next) return;
  for (const pair of pairs()) pair.removeAttribute("data-at");
  next.setAttribute("data-at", "");
  next.scrollIntoView({ block: "nearest" });
  next.focus({ preventScroll: true });
}

function walk(step) {
  const all = pairs();
  const at = all.findIndex((pair) => pair.hasAttribute("data-at"));
  mark(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (acts[event.key]) {
    const pair = document.querySelector("[data-pairs] > [data-at]");
    pair?.querySelector(acts[event.key])?.click();
  }
});

// What was decided stays in its place; the next pair that waits comes into hand.
document.addEventListener("htmx:after:swap", () => {
  const all = pairs();
  if (!all.length || all.some((pair) => pair.hasAttribute("data-at"))) return;
  const waiting = all.filter((pair) => !pair.hasAttribute("data-decided"));
  const last = all.findLastIndex((pair) => pair.hasAttribute("data-decided"));
  mark(waiting.find((pair) => all.indexOf(pair) > last) ?? waiting[0]);
});
