// What others do on the board appears by itself, never under a card that somebody holds, nor behind an open form.

const EVERY_MS = 5000;

const board = document.querySelector("[data-board]");
let mark = board?.dataset.mark;

async function look() {
  if (document.hidden || document.querySelector("[data-lifted], [data-pending], dialog[open]")) return;
  const answer = await fetch(`${board.dataset.news}?after=${encodeURIComponent(mark)}&${board.dataset.asked}`, { headers: { "HX-Request": "true" } });
  if (answer.redirected || answer.status === 205) return location.reload();
  if (answer.status !== 200) return;
  const html = await answer.text();
  // Meanwhile somebody may have taken a card: then the next look brings it.
  if (document.querySelector("[data-lifted], [data-pending]")) return;
  document.dispatchEvent(new CustomEvent("deal:answer", { detail: html }));
  mark = new DOMParser().parseFromString(html, "text/html").querySelector("[data-mark]").dataset.mark;
}

if (board) {
  const quietly = () => look().catch(() => {}); // a connection that comes and goes is not worth a word
  setInterval(quietly, EVERY_MS);
  document.addEventListener("visibilitychange", quietly);
  board.addEventListener("deal:look", quietly);
}
