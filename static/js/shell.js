// What every page can do: menus that close, toasts that go, dialogs that open, colours that change at once.

const TOAST_MS = 8000;

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[data-menu][open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const asking = event.target.closest("[data-confirm]");
  if (asking?.form.reportValidity()) document.getElementById(asking.dataset.confirm).showModal();
  if (event.target.closest("[data-close]")) {
    event.target.closest("dialog")?.close();
    event.target.closest("details[data-menu]")?.removeAttribute("open");
  }
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]").remove();
  if (event.target.matches("dialog")) event.target.close(); // the backdrop
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details[data-menu][open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// Errors carry no undo and stay until they are closed.
function expire(toast) {
  if (!toast.classList.contains("error")) setTimeout(() => toast.remove(), TOAST_MS);
}

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast error";
  toast.dataset.toast = "";
  const line = document.createElement("p");
  line.textContent = text;
  toast.append(line);
  document.getElementById("toasts")?.append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

document.querySelectorAll("[data-toast]").forEach(expire);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) addedNodes.forEach((node) => node.dataset?.toast !== undefined && expire(node));
}).observe(document.getElementById("toasts") ?? document.body, { childList: true });

document.addEventListener("submit", (event) => {
  const theme = event.target.matches("[data-theme-switch]") && event.submitter?.value;
  if (theme) document.documentElement.dataset.theme = theme;
});

// A session that has ended answers with the sign-in page: show it as a page, not inside a table.
document.addEventListener("htmx:before:response", (event) => {
  const { raw } = event.detail.ctx.response;
  if (!raw.redirected || !new URL(raw.url).pathname.startsWith("/sign-in/")) return;
  event.preventDefault();
  location.reload();
});

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail?.ctx?.response?.raw?.status;
  if (status === 422) return; // a form with its errors
  if (status === 401 || status === 403) say("You are no longer signed in, or may not do this. Load the page again.");
  else say("That did not work. Nothing was changed; try again in a moment.");
});
document.addEventListener("htmx:error", (event) => {
  if (event.detail?.error?.name === "AbortError") return; // overtaken by a newer request
  say("No answer from the server. Check your connection and try again.");
});
