// Rows that are chosen on a list: how many, all that are shown, all that match; x chooses the row one stands on.

const bar = () => document.querySelector("form[data-bulk]");
const boxes = () => [...document.querySelectorAll('[data-list] input[name="ids"]')];
const all = () => bar()?.elements.all;

function tell() {
  const form = bar();
  if (!form) return;
  const shown = boxes();
  const chosen = shown.filter((box) => box.checked);
  const everything = all().checked;
  for (const box of shown) box.closest("tr").toggleAttribute("data-chosen", box.checked);
  const head = document.querySelector("[data-pick-all]");
  if (head) {
    head.checked = shown.length > 0 && chosen.length === shown.length;
    head.indeterminate = chosen.length > 0 && !head.checked;
  }
  // “All that match” is offered to whoever has chosen all that is shown, while there is more to load.
  const more = document.querySelector("[data-list] [data-more]");
  form.querySelector("[data-bulk-all]").hidden = !(head?.checked && more) && !everything;
  form.querySelector("[data-bulk-total]").textContent = total();
  form.querySelector("[data-chosen]").textContent = everything ? "All chosen" : `${chosen.length} chosen`;
}

const total = () => {
  const words = document.getElementById("total")?.textContent.trim();
  return words ? ` (${words})` : "";
};

function choose(to) {
  for (const box of boxes()) box.checked = to;
  if (!to && all()) all().checked = false;
  tell();
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) return choose(event.target.checked);
  if (event.target.matches('[data-list] input[name="ids"]')) {
    if (!event.target.checked && all()) all().checked = false;
    tell();
  } else if (event.target === all()) tell();
});

// Shift chooses all between the last box and this one.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest?.('[data-list] input[name="ids"]');
  if (!box) return;
  const [from, to] = [boxes().indexOf(last), boxes().indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const between of boxes().slice(from, to + 1)) between.checked = box.checked;
  last = box;
  tell();
});

document.addEventListener("reset", (event) => event.target === bar() && queueMicrotask(() => choose(false)));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  if (event.key === "x") document.querySelector("[data-list] tr[data-at] input[name=ids]")?.click();
  if (event.key === "Escape" && boxes().some((box) => box.checked) && !document.querySelector("dialog[open]")) choose(false);
});

// Of a form that asks for one of several fields, only the chosen one's value is shown.
function ask() {
  const which = document.querySelector("select[data-chooses]");
  for (const value of which?.form.querySelectorAll("[data-value-of]") ?? []) {
    value.closest(".control").hidden = value.dataset.valueOf !== which.value;
  }
}

document.addEventListener("change", (event) => event.target.matches("select[data-chooses]") && ask());
document.addEventListener("htmx:after:swap", () => { tell(); ask(); });
tell();
ask();
