// Menus that hang from a button: arrow keys walk what can be pressed, Escape, leaving and a press elsewhere close them.

const menus = () => document.querySelectorAll("details[data-menu][open]");
const parts = (menu) => [...menu.querySelectorAll(".pop :is(a[href], button:not([disabled]), input:not([type=hidden]), select, textarea)")]
  .filter((part) => part.checkVisibility() && part.tabIndex >= 0);

function walk(menu, to) {
  const all = parts(menu);
  const at = all.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[to];
  if (to === "ArrowUp" && at === 0) menu.querySelector("summary").focus();
  else all[Math.min(next, all.length - 1)]?.focus();
}

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest("[data-close]")) event.target.closest("details[data-menu]")?.removeAttribute("open");
});

// With Tab one leaves a menu behind; what a swap takes away from under the focus leaves nothing.
document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    return;
  }
  const menu = event.target.closest?.("details[data-menu]");
  const own = event.target.matches("input:not([type=checkbox]), select, textarea"); // there the arrows have a meaning already
  if (!menu || own || event.defaultPrevented || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  if (!menu.open && event.key !== "ArrowDown") return;
  event.preventDefault();
  if (menu.open) return walk(menu, event.key);
  menu.open = true;
  requestAnimationFrame(() => walk(menu, event.key));
});

// One that would hang out of the window is moved in.
document.addEventListener("toggle", ({ target }) => {
  const pop = target.matches("details[data-menu][open]") && target.querySelector(".pop");
  if (!pop) return;
  pop.style.translate = "";
  const { left, right } = pop.getBoundingClientRect(), width = document.documentElement.clientWidth;
  const by = left < 0 ? 8 - left : Math.min(0, width - 8 - right);
  if (by < 0 || left < 0) pop.style.translate = `${Math.max(by, 8 - left)}px 0`;
}, true);
