// A ticket by keyboard, and on narrow screens one part of it at a time.

const desk = document.querySelector("[data-ticket]");
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open], details[data-menu][open]");
const press = (selector) => document.querySelector(selector)?.click();

function show(part) {
  desk.dataset.shown = part;
  for (const tab of document.querySelectorAll("[data-part]")) {
    if (tab.dataset.part === part) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
}

function open(tab) {
  show("conversation");
  press(`[data-tab=${tab}]`);
}

// The list comes when it is first opened, and brings the focus along; from then on it is there.
function macros() {
  open("answer");
  const menu = document.querySelector("[data-macros]");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("summary").focus();
  menu.querySelector(".pop button")?.focus();
}

const keys = {
  r: () => open("answer"),
  n: () => open("note"),
  m: macros,
  j: () => press("a[data-step='1']"),
  k: () => press("a[data-step='-1']"),
  u: () => press(".walk .back"),
  s: () => press("[data-key=s]"),
  a: () => press("[data-key=a]"),
};

// Where one goes on reading: what the customer said since we answered last; else what was said last.
function unread() {
  const said = [...document.querySelectorAll("#talk > .msg")];
  const answered = said.findLastIndex((one) => one.matches(".out"));
  return said.slice(answered + 1).find((one) => one.matches(".in")) ?? said.at(-1);
}

// Its beginning is what one sees, unless all of it is in sight above the place to answer.
function settle() {
  const [from, composer] = [unread(), document.querySelector("[data-composer]")];
  const floor = composer?.getBoundingClientRect().top ?? innerHeight;
  const last = document.querySelector("#talk > :last-child");
  if (from && last.getBoundingClientRect().bottom > Math.min(floor, innerHeight)) from.scrollIntoView({ block: "start" });
}

if (desk) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-part]");
    if (!tab) return;
    event.preventDefault();
    show(tab.dataset.part);
  });
  if (location.hash === "#answer") open("answer");
  else if (!location.hash) settle();
}
