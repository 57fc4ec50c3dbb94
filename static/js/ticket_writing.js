// Writing in a ticket: drafts kept on the server as one types, canned answers, and sending by keyboard.

const KEEP_MS = 1500;

const room = () => document.querySelector("[data-composer]");
const form = () => room()?.querySelector("form[data-form]:not([hidden])");
let timer;

// Kept a moment after the last key, and at once when the page goes away; what was sent meanwhile stays no draft.
async function keep(of, leaving = false) {
  clearTimeout(timer);
  const text = of.querySelector("textarea");
  if (!of.isConnected || text.dataset.keptAs === text.value || (text.dataset.keptAs === undefined && !text.value)) return;
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "kind", "bundle", "macro"]) body.set(name, of.elements[name]?.value ?? "");
  body.set("text", text.value);
  const value = text.value;
  try {
    const answer = await fetch(room().dataset.draft, { method: "POST", body, keepalive: leaving });
    if (!answer.ok || answer.redirected) throw new Error();
    const { kept } = await answer.json();
    text.dataset.keptAs = value;
    of.querySelector("[data-kept]").textContent = kept && `draft kept ${kept}`;
  } catch {
    of.querySelector("[data-kept]").textContent = "draft not kept: no connection";
  }
}

document.addEventListener("input", (event) => {
  const of = event.target.matches("[data-form] textarea") && event.target.form;
  if (!of) return;
  room().dataset.typedAt = Date.now();
  clearTimeout(timer);
  timer = setTimeout(keep, KEEP_MS, of);
});
addEventListener("pagehide", () => room()?.querySelectorAll("form[data-form]").forEach((one) => sent !== one && keep(one, true)));

let sent;
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-form]")) return;
  clearTimeout(timer);
  sent = event.target;
});
document.addEventListener("htmx:error", () => { sent = undefined; });

document.addEventListener("click", async (event) => {
  const place = event.target.closest("[data-unset]")?.parentElement;
  if (place) {
    place.replaceChildren();
    place.hidden = true;
    delete place.closest("form").querySelector("textarea").dataset.keptAs; // the draft sets nothing any more
    keep(place.closest("form"));
  }
  const macro = event.target.closest("[data-macro]");
  if (!macro) return;
  const answer = await fetch(macro.dataset.macro);
  const said = await answer.json();
  macro.closest("details").open = false;
  insert(form(), said);
});

// Where the cursor stands, to be edited; what it sets beside is said, and can be taken off.
function insert(of, { id, text, sets, problem }) {
  const area = of.querySelector("textarea");
  area.focus();
  if (text) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  const place = of.querySelector("[data-sets]");
  place.hidden = !problem && !sets?.length;
  place.replaceChildren();
  if (problem) return place.append(problem);
  if (place.hidden) return;
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "macro", value: id });
  const words = sets.map((word) => Object.assign(document.createElement("span"), { className: "badge info", textContent: word }));
  const off = Object.assign(document.createElement("button"), { type: "button", className: "why", textContent: "Do not set" });
  off.dataset.unset = "";
  place.append(hidden, "Sends and sets", ...words, off);
}

document.addEventListener("keydown", (event) => {
  const of = event.target.closest?.("form[data-form]");
  if (!of) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    of.requestSubmit(of.querySelector("[data-send]"));
  } else if (event.key === "Escape" && !event.defaultPrevented) event.target.blur();
});
