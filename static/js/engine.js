// The engine room looks by itself every few seconds, but never while somebody chooses, types or reads a selection.

const room = document.querySelector("[data-engine]");
const pace = document.querySelector("[data-pace]");
const calm = pace.textContent;

function busy() {
  const typing = document.activeElement?.matches("input:not([type=checkbox]), select, textarea") && room.contains(document.activeElement);
  const chosen = room.querySelector("input[type=checkbox]:checked");
  const written = [...room.querySelectorAll("input[name=reason]")].some((input) => input.value);
  return document.hidden || typing || chosen || written || !getSelection().isCollapsed || document.querySelector("dialog[open]");
}

function say() {
  pace.textContent = busy() ? "stands still while you choose" : calm;
}

room.addEventListener("htmx:config:request", (event) => {
  say();
  if (busy()) event.preventDefault();
});

// One tick for all that share a cause, and the count of what is ticked.
function count(repair) {
  const boxes = [...repair.querySelectorAll("input[name=id]")];
  const chosen = boxes.filter((box) => box.checked).length;
  const words = repair.querySelector("[data-chosen]");
  words.dataset.before ??= words.textContent;
  for (const many of repair.querySelectorAll("[data-many]")) many.textContent = chosen;
  repair.querySelector("[name=reason]").setCustomValidity(chosen ? "" : "Tick first what to decide on.");
  words.textContent = chosen ? `${chosen} of ${boxes.length} shown chosen` : words.dataset.before;
  for (const all of repair.querySelectorAll("[data-all]")) {
    const same = [...all.closest("[data-cause]").querySelectorAll("input[name=id]")];
    all.checked = same.every((box) => box.checked);
    all.indeterminate = !all.checked && same.some((box) => box.checked);
  }
}

room.addEventListener("change", ({ target }) => {
  const repair = target.closest("[data-repair]");
  if (!repair) return;
  if (target.matches("[data-all]")) {
    for (const box of target.closest("[data-cause]").querySelectorAll("input[name=id]")) box.checked = target.checked;
  }
  count(repair);
  say();
});

// What somebody folded or unfolded stays so when the room has looked again.
const folds = new Map();
const name = (cause) => `${cause.closest("[data-repair]").id} ${cause.querySelector("summary b").textContent}`;

room.addEventListener("click", ({ target }) => {
  const cause = target.closest("summary")?.closest("[data-cause]");
  if (cause) folds.set(name(cause), !cause.open);
});

function again() {
  room.querySelectorAll("[data-repair]").forEach(count);
  for (const cause of room.querySelectorAll("[data-cause]")) cause.open = folds.get(name(cause)) ?? cause.open;
}
room.addEventListener("htmx:after:swap", again);
again();

// Whose mail shall stop is asked only when it is one person's.
const scope = document.querySelector("[data-scope]");
const person = document.querySelector("[data-person]");
function ask() {
  person.hidden = scope.value !== "person";
  person.querySelector("input").required = !person.hidden;
}
scope.addEventListener("change", ask);
ask();
