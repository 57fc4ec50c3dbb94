// The builder of workflows: keeps forms in step with the draft, puts names into words, and shows how they will read.

const desk = () => document.querySelector("[data-desk]");
let written = null; // the field of words that was written in last

// Every form says which draft it was made for; after each answer all of them are for the newest.
function settle() {
  const kept = document.querySelector("#kept-edition")?.dataset.kept;
  if (kept) for (const field of document.querySelectorAll("[data-edition]")) field.value = kept;
}

function reread() {
  document.querySelector("#look")?.dispatchEvent(new CustomEvent("reread"));
}

function toggled(form) {
  for (const box of form.querySelectorAll("[data-toggles]")) box.closest(".grouped").classList.toggle("on", box.checked);
}

function insert(text) {
  const form = document.querySelector("[data-fields]");
  const field = form?.contains(written) ? written : form?.querySelector("textarea[data-liquid]");
  if (!field) return;
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function readAs(button) {
  document.querySelector("[data-about]").value = button.dataset.readAs;
  document.querySelector("[data-reader]").value = button.dataset.name;
  document.querySelector("[data-readers]").replaceChildren();
  reread();
}

let later;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("[data-fields]");
  if (!form) return;
  if (event.target.matches("[data-reader]")) {
    document.querySelector("[data-about]").value = "";
    if (!event.target.value) reread();
    return;
  }
  clearTimeout(later);
  later = setTimeout(reread, 500);
}, true);

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-fields]");
  if (form) toggled(form);
}, true);

// Looking for a customer changes nothing of the draft, so its form hears nothing of it.
const between = (event) => event.stopPropagation();

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-liquid]")) written = event.target;
  if (event.target.matches("[data-reader]")) for (const name of ["input", "change"]) event.target.addEventListener(name, between);
});

document.addEventListener("click", (event) => {
  const name = event.target.closest("[data-insert]");
  const reader = event.target.closest("[data-read-as]");
  if (name) insert(name.dataset.insert);
  else if (reader) readAs(reader);
});

// What has been opened gets the focus: a new step its first field, anything else its heading.
function arrive() {
  const panel = document.querySelector("[data-panel]");
  const first = panel?.querySelector("[data-first]");
  const heading = panel?.querySelector("[data-heading]");
  const field = panel?.querySelector("form.form :is(input:not([type=hidden]), select, textarea)");
  (first ?? heading ?? field)?.focus({ preventScroll: true });
  if (!panel) {
    const on = new URLSearchParams(location.search).get("at")?.replace("step:", "");
    document.querySelector(`[data-step-id="${on}"]`)?.focus({ preventScroll: true });
  }
}

// Whoever asks to publish while the last words are on their way keeps the dialog: it publishes what is kept by then.
document.addEventListener("htmx:before:swap", (event) => {
  const tasks = event.detail?.tasks ?? [];
  for (const task of [...tasks]) {
    if (task.type === "oob" && task.target?.querySelector?.("dialog[open]")) tasks.splice(tasks.indexOf(task), 1);
  }
});

document.addEventListener("htmx:after:swap", (event) => {
  const target = event.detail?.ctx?.target;
  settle();
  if (target?.id === "desk") arrive();
  else if (target?.matches?.("[data-builder]")) {
    const form = document.querySelector("[data-fields]");
    form?.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

if (desk()) settle();
