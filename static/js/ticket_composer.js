// The composer of a ticket: which of its halves is open, by which channel an answer leaves, and with which files.

const room = () => document.querySelector("[data-composer]");

// Where no answer can leave, its half only says why.
function choose(tab) {
  for (const other of room().querySelectorAll("[data-tab]")) other.setAttribute("aria-pressed", String(other === tab));
  arrange();
  room().querySelector("form[data-form]:not([hidden]) textarea")?.focus();
}

function arrange() {
  const open = room()?.querySelector("[data-tab][aria-pressed=true]")?.dataset.tab;
  if (!open) return;
  for (const one of room().querySelectorAll("[data-form]")) one.hidden = one.dataset.form !== open;
  room().classList.toggle("noting", open === "note");
}
document.addEventListener("htmx:after:swap", arrange);

function leaveBy(way) {
  way.closest("details").open = false;
  const answer = room().querySelector("form[data-form=answer]");
  answer.elements.channel.value = way.dataset.way;
  answer.querySelector("[data-instead]")?.remove();
  room().querySelector("[data-by]").textContent = `by ${way.dataset.label}`;
  choose(room().querySelector("[data-tab=answer]"));
}

document.addEventListener("click", ({ target }) => {
  const tab = target.closest("[data-tab]") ?? (target.closest("[data-to-note]") && room().querySelector("[data-tab=note]"));
  if (tab) choose(tab);
  const way = target.closest("[data-way]");
  if (way) leaveBy(way);
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-form] input[type=file]")) return;
  const place = target.form.querySelector("[data-files-chosen]");
  place.replaceChildren(...[...target.files].map((file) => Object.assign(document.createElement("span"), { className: "chip on", textContent: file.name })));
  place.hidden = !target.files.length;
});
