// The form that adds a filter shows only what the chosen field and comparison ask for. Without it, all of it shows.

const TYPES = { date: "date" };

function option(value, label) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = label;
  return made;
}

// An <input> or a <select> in the place of the value, with the value kept when it fits.
function control(old, kind, choices) {
  const wanted = choices.length ? "SELECT" : "INPUT";
  let made = old;
  if (old.tagName !== wanted || choices.length) {
    made = document.createElement(wanted.toLowerCase());
    made.id = old.id;
    made.name = old.name;
    for (const { value, label } of choices) made.append(option(value, label));
    if (choices.some(({ value }) => value === old.value)) made.value = old.value;
    old.replaceWith(made);
  }
  if (wanted === "SELECT") {
    made.multiple = kind === "choices";
    made.size = made.multiple ? Math.min(choices.length, 8) : 0;
  }
  if (wanted === "INPUT") {
    made.type = TYPES[kind] ?? "text";
    made.inputMode = kind.startsWith("number") ? "decimal" : "text";
    made.autocomplete = "off";
  }
  return made;
}

function start(form) {
  const fields = JSON.parse(document.getElementById("filter-fields").textContent);
  const [field, op] = [form.querySelector("[data-field]"), form.querySelector("[data-op]")];
  const part = (name) => form.querySelector(`[data-${name}]`);

  function compare() {
    const about = fields.find(({ name }) => name === field.value);
    const { input } = about.operators.find(({ name }) => name === op.value);
    const flags = [{ value: "true", label: "yes" }, { value: "false", label: "no" }];
    const choices = input.startsWith("choice") ? about.choices : input === "flag" ? flags : [];
    part("value").hidden = input === "none";
    part("value-to").hidden = input !== "numbers";
    control(part("value").querySelector("input, select"), input, choices);
  }

  function choose() {
    const about = fields.find(({ name }) => name === field.value);
    const before = op.value;
    op.replaceChildren(...about.operators.map(({ name, words }) => option(name, words)));
    if (about.operators.some(({ name }) => name === before)) op.value = before;
    part("argument").hidden = !about.argument;
    compare();
  }

  field.addEventListener("change", choose);
  op.addEventListener("change", compare);
  choose();
}

// A search brings a new bar, so forms start when they are opened.
function wake(details) {
  const form = details.querySelector?.("[data-filter-form]:not([data-awake])");
  if (!form) return;
  form.dataset.awake = "";
  start(form);
}

document.addEventListener("toggle", (event) => wake(event.target), true);
document.querySelectorAll("details[open]").forEach(wake);
