// Back from a customer the list stands where it was left, with all the rows that had been loaded. Where the browser kept the
// page, it is so already; else the rows are asked for at once, and the one that stood on top stands there again.

const body = () => document.querySelector("[data-list] tbody");
const rows = () => [...(body()?.querySelectorAll("tr[id]") ?? [])];
const MOST = 500;

function remember() {
  const top = rows().find((row) => row.getBoundingClientRect().bottom > 0);
  const here = document.querySelector("[data-list] tr[data-at]");
  history.replaceState({
    ...history.state,
    list: { rows: rows().length, top: top?.id, offset: top?.getBoundingClientRect().top ?? 0, at: here?.id, y: scrollY },
  }, "");
}

async function comeBack({ rows: many, top, offset, at, y }) {
  if (y > 0 && many > rows().length && body()) {
    const address = new URL(location.href);
    address.searchParams.set("rows", Math.min(many, MOST));
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return;
    body().innerHTML = await answer.text();
    window.htmx?.process(body());
  }
  document.getElementById(at)?.setAttribute("data-at", "");
  const row = y > 0 && document.getElementById(top);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - offset, behavior: "instant" });
}

addEventListener("pagehide", remember);
const [arrival] = performance.getEntriesByType("navigation");
if (history.state?.list && ["back_forward", "reload"].includes(arrival?.type)) comeBack(history.state.list);
