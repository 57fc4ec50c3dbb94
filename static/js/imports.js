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

// A column that is left out, or that identifies, has no policy; one of ours can be chosen once.
const form = document.querySelector("[data-mapping]");

function settle() {
  const chosen = [...form.querySelectorAll("[data-column]")].map((select) => select.value).filter(Boolean);
  for (const line of form.querySelectorAll("[data-line]")) {
    const column = line.querySelector("[data-column]");
    const option = column.selectedOptions[0];
    line.classList.toggle("out", !column.value);
    const policy = line.querySelector("[data-policy]");
    policy.hidden = !column.value || "fixed" in option.dataset;
    for (const one of policy.options) one.text = "adds" in option.dataset ? one.dataset.adding : one.dataset.replacing;
    line.querySelector("[data-hint]").textContent = column.value ? option.title : "";
    for (const one of column.options) one.disabled = one.value && one.value !== column.value && chosen.includes(one.value);
  }
}

if (form) {
  form.addEventListener("change", (event) => event.target.matches("[data-column]") && settle());
  settle();
}
