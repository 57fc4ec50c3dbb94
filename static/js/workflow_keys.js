// The builder by keyboard: walk the steps, open, add, move, take out, undo. Fields keep their own keys.

const steps = () => [...document.querySelectorAll("[data-flow] [data-step]")];
let at = null; // id of the step that was walked to last

function here() {
  const focused = document.activeElement?.closest?.("[data-step]");
  return focused ?? document.querySelector("[data-step][aria-current]") ?? steps().find((one) => one.id && one.id === at);
}

function walk(by) {
  const all = steps();
  const now = all.indexOf(here());
  const next = all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)];
  at = next.id;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

// A verb of the step that is open; of one that is not, its small form is sent as if it were.
async function verb(name, step) {
  const id = step?.dataset.stepId;
  if (!id) return;
  at = step.id;
  const edition = document.querySelector("[data-edition]")?.value ?? "";
  const address = `${location.pathname.replace(/building\/$/, "draft/steps/")}${id}/${name === "removal" ? "removal" : "moving"}/`;
  const values = { edition, at: "", way: name };
  await htmx.ajax("POST", address, { target: "#desk", select: "#desk", selectOOB: "#toasts", swap: "outerHTML", values });
  document.getElementById(at)?.focus();
}

function add(step) {
  const placed = step?.closest(".placed");
  const spot = placed ? placed.nextElementSibling?.querySelector("[data-plus]") : step?.nextElementSibling?.querySelector("[data-plus]");
  (spot ?? [...document.querySelectorAll("[data-plus]")].at(-1))?.click();
}

function inForm(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]");
}

function kinds(event) {
  const all = [...document.querySelectorAll("[data-kinds] .kind")];
  const now = all.indexOf(document.activeElement);
  if (now < 0) return false;
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!by) return false;
  event.preventDefault();
  all[Math.min(Math.max(now + by, 0), all.length - 1)].focus();
  return true;
}

// Whoever closes a panel stands on its step again; the next key is for that one, not for one they walked to before.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-panel-close]")) at = document.querySelector("[data-step][aria-current]")?.id || at;
}, true);

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail?.ctx?.target?.id !== "desk" || document.querySelector("[data-panel]")) return;
  if (document.activeElement === document.body) document.getElementById(at)?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-desk]")) return;
  const close = document.querySelector("[data-panel-close]");
  if (event.key === "Escape" && close && !document.querySelector("dialog[open]")) return close.click();
  if (inForm(event.target)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    document.querySelector(event.shiftKey ? "[data-redo] button" : "[data-undo] button")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.altKey) {
    const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (way) {
      event.preventDefault();
      verb(way, here());
    }
    return;
  }
  if (kinds(event)) return;
  if (event.key === "ArrowDown" || event.key === "j") walk(1);
  else if (event.key === "ArrowUp" || event.key === "k") walk(-1);
  else if (event.key === "a") add(here());
  else if (event.key === "Delete" || event.key === "Backspace") verb("removal", here());
  else return;
  event.preventDefault();
});
