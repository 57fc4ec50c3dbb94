// While the demo is being filled: looks each second how far it is, and opens the page that was asked for.

const shown = document.querySelector("[data-filling]");

async function look() {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (answer && answer.status !== 503) return location.reload();
  if (answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const newer = page.querySelector("[data-filling]");
    if (newer) shown.replaceChildren(...newer.childNodes);
  }
  setTimeout(look, 1000);
}

setTimeout(look, 1000);
