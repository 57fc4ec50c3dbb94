// What was opened last stands first while nothing is typed. It stays in this browser, and with this user.

const MOST_RECENT = 6;
const dialog = document.querySelector("[data-palette]");
const store = `holdfast:recent:${dialog?.dataset.who}`;
function recent() {
  try { return JSON.parse(localStorage.getItem(store)) ?? []; } catch { return []; }
}
function remember() {
  const title = document.querySelector("main h1")?.textContent.trim();
  if (!title || !/^\/(accounts|contacts|tickets|deals|tasks|workflows)\/[^/]+\/$/.test(location.pathname) || location.pathname.endsWith("/new/")) return;
  const others = recent().filter(({ url }) => url !== location.pathname);
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("holdfast:recent:") && key !== store) localStorage.removeItem(key);
    localStorage.setItem(store, JSON.stringify([{ title, url: location.pathname }, ...others].slice(0, MOST_RECENT)));
  } catch { /* private windows keep nothing */ }
}
// Above what was found.
function offer(results) {
  const rows = recent().filter(({ url }) => url !== location.pathname);
  if (!rows.length) return;
  const section = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = "Recently opened";
  section.append(heading, ...rows.map(({ title, url }) => {
    const link = document.createElement("a");
    link.className = "hit";
    link.href = url;
    link.dataset.hit = "";
    link.append(dialog.querySelector("[data-recent-icon]").content.cloneNode(true), title);
    return link;
  }));
  results.prepend(section);
}

if (dialog) {
  remember();
  dialog.addEventListener("palette:empty", ({ detail }) => offer(detail));
}
