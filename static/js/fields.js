// The form of a field: what does not belong to the chosen type is not shown. Without script everything is.

function show(form) {
  const chosen = form.querySelector('input[name="type"]:checked');
  const type = chosen ? chosen.value : form.dataset.type;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(type);
}

for (const form of document.querySelectorAll("[data-field-form]")) {
  show(form);
  form.addEventListener("change", () => show(form));
}
