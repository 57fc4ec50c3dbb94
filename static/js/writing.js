// Writing: drafts that outlive the page, colleagues behind an @, and forms that ask only what their kind needs.

const KEEP = "holdfast:draft:";
const SENT = "holdfast:sent:";

// A half-written text is kept by browser, person and customer, until it is sent or thrown away.
function draft(form) {
  const text = form.querySelector("textarea");
  const key = form.dataset.drafts;
  if (!text || !key || form.dataset.awake) return;
  form.dataset.awake = "";
  if (text.value) sessionStorage.removeItem(SENT + key); // it came back with an error
  else if (sessionStorage.getItem(SENT + key)) {
    sessionStorage.removeItem(SENT + key);
    localStorage.removeItem(KEEP + key);
  } else if (localStorage.getItem(KEEP + key)) {
    text.value = localStorage.getItem(KEEP + key);
    form.querySelector("[data-drafted]").hidden = false;
  }
  text.addEventListener("input", () => {
    if (text.value.trim()) localStorage.setItem(KEEP + key, text.value);
    else localStorage.removeItem(KEEP + key);
  });
  form.querySelector("[data-forget]")?.addEventListener("click", (event) => {
    localStorage.removeItem(KEEP + key);
    text.value = "";
    event.target.parentElement.hidden = true;
    text.focus();
  });
  form.addEventListener("submit", () => sessionStorage.setItem(SENT + key, "1"));
  form.addEventListener("htmx:error", () => sessionStorage.removeItem(SENT + key));
  form.addEventListener("htmx:response:error", () => sessionStorage.removeItem(SENT + key));
}

// Parts of a form that only some kinds need: data-for="call meeting".
function choose(form) {
  const kind = form.querySelector("[name=kind]:checked")?.value ?? "";
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
}

const behind = (text) => text.value.slice(0, text.selectionStart).match(/(?:^|\s)@([\p{L}\p{N}.\- ]{0,30})$/u)?.[1];

// The words behind an @ ask the server for names; none left, or two blanks, end it.
function look(text) {
  const room = text.closest("[data-writing]");
  const query = room.querySelector("[data-mention]");
  const typed = behind(text);
  const list = room.querySelector("[data-mentions]");
  list.hidden = typed === undefined || typed.includes("  ");
  if (list.hidden || (query.value === typed && list.childElementCount)) return;
  query.value = typed;
  query.dispatchEvent(new Event("mention"));
}

function insert(button) {
  const room = button.closest("[data-writing]");
  const text = room.querySelector("textarea");
  const at = text.selectionStart - behind(text).length;
  text.setRangeText(`${button.dataset.name} `, at, text.selectionStart, "end");
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
  room.querySelector("[data-mentions]").hidden = true; // the name is chosen: the next Enter is a new line again
}

document.addEventListener("input", (event) => event.target.closest("[data-writing]") && event.target.matches("textarea") && look(event.target));
// When it goes down: until it comes up again, newer names may stand there. A key that presses it only clicks.
for (const name of ["mousedown", "click"]) {
  document.addEventListener(name, (event) => {
    const button = event.target.closest("[data-mentions] [data-name]");
    if (!button || (name === "click" && event.detail)) return;
    event.preventDefault();
    insert(button);
  });
}
document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-writing]")?.querySelector("[data-mentions]");
  if (!list || list.hidden || !list.childElementCount) return;
  const names = [...list.querySelectorAll("[data-name]")];
  const at = names.indexOf(document.activeElement);
  if (event.key === "ArrowDown") names[Math.min(at + 1, names.length - 1)].focus();
  else if (event.key === "ArrowUp" && at > 0) names[at - 1].focus();
  else if (at < 0 && (event.key === "Tab" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing))) insert(names[0]);
  else if (event.key === "Escape") list.hidden = true;
  else return;
  event.preventDefault();
  event.stopPropagation();
});

function wake() {
  document.querySelectorAll("[data-drafts]").forEach(draft);
  document.querySelectorAll("[data-kinds]").forEach(choose);
}
document.addEventListener("change", (event) => event.target.closest?.("[data-kinds]") && choose(event.target.closest("[data-kinds]")));
document.addEventListener("htmx:after:swap", wake);
wake();
