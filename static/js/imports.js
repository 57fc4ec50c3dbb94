// Choosing a file by dropping it, and columns that say what goes with them.

const drop = document.querySelector("[data-upload]");

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function show(file) {
  drop.querySelector("[data-name]").textContent = file ? file.name : "Drop a file here, or choose one";
  drop.querySelector("[data-size]").textContent = file ? size(file.size) : "CSV with a header row, or vCards.";
  const people = drop.closest("form").querySelector("[value=contacts]");
  if (file && /\.vcf$/i.test(file.name)) people.checked = true;
}

if (drop) {
  const input = drop.querySelector("[data-file]");
  input.addEventListener("change", () => show(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    show(input.files[0]);
  });
}

// A column that is left out, that identifies, or that stands in for another has no policy. Into some of ours several
// may go: the first that is filled counts, in the order of their ranks; of yes and no, any yes.
const form = document.querySelector("[data-mapping]");

function standing(names, how) {
  if (!names.length) return "";
  const known = names.join(" and ");
  return how === "any" ? `A yes here or in ${known} counts` : `Taken where ${known} ${names.length > 1 ? "are" : "is"} blank`;
}

function settle() {
  const lines = [...form.querySelectorAll("[data-line]")].sort((one, other) => one.dataset.rank - other.dataset.rank);
  const taken = {};
  for (const line of lines) {
    const column = line.querySelector("[data-column]");
    const option = column.selectedOptions[0];
    const before = column.value ? (taken[column.value] ??= []) : [];
    const policy = line.querySelector("[data-policy]");
    line.classList.toggle("out", !column.value);
    line.querySelector("[data-after]").textContent = standing(before, option.dataset.several);
    line.querySelector("[data-hint]").textContent = column.value ? option.title : "";
    policy.hidden = !column.value || "fixed" in option.dataset || before.length > 0;
    for (const one of policy.options) one.text = "adds" in option.dataset ? one.dataset.adding : one.dataset.replacing;
    if (column.value) before.push(line.dataset.title);
  }
  for (const one of form.querySelectorAll("[data-column] option")) {
    one.disabled = !one.selected && one.value in taken && !one.dataset.several;
  }
}

if (form) {
  form.addEventListener("change", (event) => event.target.matches("[data-column]") && settle());
  settle();
}
