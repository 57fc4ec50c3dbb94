// What every page can do: toasts that go, dialogs that open, colours that change at once, and a list of the keys.

const TOAST_MS = 8000;

// Text that is chosen with the mouse may end beside the dialog: only what also began there was meant for the backdrop.
let pressed;
document.addEventListener("pointerdown", (event) => { pressed = event.target; }, true);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  opener?.closest("details[data-menu]")?.querySelector("summary").focus(); // where the focus comes back to
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const asking = event.target.closest("[data-confirm]");
  if (asking?.form.reportValidity()) document.getElementById(asking.dataset.confirm).showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]").remove();
  if (event.target.matches("dialog") && pressed === event.target) event.target.close();
});

document.addEventListener("keydown", (event) => {
  const elsewhere = event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  if (event.key === "?" && !elsewhere) document.getElementById("keys")?.showModal();
});

// Errors carry no undo and stay until they are closed; others do not go while somebody is about to press them.
function expire(toast) {
  if (toast.classList.contains("error")) return;
  setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast) : toast.remove()), TOAST_MS);
}

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast error";
  toast.dataset.toast = "";
  const line = document.createElement("p");
  line.textContent = text;
  toast.append(line);
  toasts?.append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

const toasts = document.getElementById("toasts");
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) addedNodes.forEach((node) => node.dataset?.toast !== undefined && expire(node));
}).observe(toasts ?? document.body, { childList: true });
// Screen readers tell what comes into a place, not what stood there when the page came.
const present = [...(toasts?.children ?? [])];
setTimeout(() => toasts?.append(...present), 100);

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

// Secrets and links are copied with one press.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.parentElement.querySelector("[data-copy-from]");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return; // without https the browser forbids it: the text is chosen, and Ctrl-C works
  }
  const word = button.querySelector("[data-copied]");
  word.textContent = word.dataset.copied;
});

// Where tabs, or the stages of a deal, are wider than the window, the one that is open is in sight.
function reveal() {
  for (const open of document.querySelectorAll(":is(.tabs, .way) > [aria-current]")) {
    const strip = open.parentElement, [its, whole] = [open, strip].map((one) => one.getBoundingClientRect());
    if (its.right > whole.right || its.left < whole.left) strip.scrollLeft += its.left - whole.left - (whole.width - its.width) / 2;
  }
}
document.addEventListener("htmx:after:swap", reveal);
reveal();
