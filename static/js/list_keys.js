// Lists by keyboard: j and k walk the rows, Enter opens, / searches.

const list = () => document.querySelector("[data-list-keys]");
const rows = () => [...(list()?.querySelectorAll("tbody > tr") ?? [])].filter((row) => row.querySelector("a.cover"));

function typing(target) {
  return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.hasAttribute("data-at"));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[at]?.removeAttribute("data-at");
  all[next].setAttribute("data-at", "");
  all[next].scrollIntoView({ block: "nearest" });
  all[next].querySelector("a.cover").focus({ preventScroll: true });
}

// A list in which each row asks for a yes or a no has a button for each; the no leads to where one says why.
function answer(row, key) {
  row.querySelector(`[data-key="${key}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-search]");
  if (typing(event.target)) {
    if (event.key === "Escape" && event.target === search) search.blur();
    return;
  }
  const here = list()?.querySelector("[data-at]");
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if ((event.key === "a" || event.key === "x") && here) answer(here, event.key);
  else if (event.key === "Enter" && event.target === document.body) here?.querySelector("a.cover")?.click();
  else if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
