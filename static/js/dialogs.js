// Links that load their form into the page's one dialog. Without this module they lead to a page with the same form.

const room = () => document.querySelector("dialog[data-loads]");

// What was loaded is shown; what was shown is emptied when it closes, so that nothing stale opens again.
document.addEventListener("htmx:after:swap", (event) => {
  const dialog = room();
  const target = event.detail?.ctx?.target;
  if (!dialog || target !== dialog) return;
  if (dialog.open) return refused(dialog);
  document.activeElement.closest("details[data-menu]")?.querySelector("summary").focus(); // where it comes back to
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]") ?? dialog.querySelector(".body :is(input:not([type=hidden]), select, textarea)");
  first?.focus();
});
// Sent and refused: what is to be mended first is in sight, and can be written at once.
function refused(dialog) {
  const wrong = dialog.querySelector("[aria-invalid=true], .errors");
  wrong?.scrollIntoView({ block: "center" });
  (wrong?.matches("[aria-invalid]") ? wrong : dialog.querySelector("[data-close]"))?.focus({ preventScroll: true });
}
document.addEventListener("close", (event) => event.target.matches?.("dialog[data-loads]") && event.target.replaceChildren(), true);

// Cancel is a link to the page; in a dialog, which stands on it, closing is enough.
document.addEventListener("click", (event) => {
  const link = event.target.closest("dialog a[data-close]");
  if (link) event.preventDefault();
});

// A chip that adds its word to a list in a field, between commas.
document.addEventListener("click", (event) => {
  const word = event.target.closest("[data-adds]");
  const field = word?.form?.elements[word.dataset.to];
  if (!field) return;
  const words = field.value.split(",").map((one) => one.trim()).filter(Boolean);
  const at = words.indexOf(word.dataset.adds);
  if (at < 0) words.push(word.dataset.adds);
  else words.splice(at, 1);
  field.value = words.join(", ");
  word.setAttribute("aria-pressed", String(at < 0));
  field.focus();
});

// Escape in a field that is edited in its place puts back what stood there; the link beside it does the same.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const form = event.target.closest?.("[data-inline]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  form.querySelector("[data-back]").click();
});

// Choices and days are chosen with one act: they are saved at once.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-inline]");
  if (form && event.target.matches("select, input[type=checkbox]:not([data-several])")) form.requestSubmit();
});

// Focus goes into what has just opened in its place, and back to the value when it has closed.
document.addEventListener("htmx:after:swap", (event) => {
  const place = event.detail?.ctx?.target;
  if (!place?.matches?.("[data-fact]")) return;
  const field = place.querySelector("[data-inline] :is(input:not([type=hidden]), select, textarea)");
  (field ?? place.querySelector("[data-edits]"))?.focus();
  if (field?.select && field.type !== "checkbox") field.select();
});

// A file that is dropped anywhere on its form is as good as chosen.
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest?.("[data-drop]");
    if (!form) return;
    event.preventDefault();
    form.classList.toggle("over", name === "dragover");
    if (name !== "drop" || !event.dataTransfer.files.length) return;
    form.querySelector("input[type=file]").files = event.dataTransfer.files;
    form.requestSubmit();
  });
}
