// While a ticket is open: who else is at it, what is new, and how long an answer can still be called off.

const EVERY_MS = 5000;
const WRITES_MS = 10_000;

const pulse = document.querySelector("[data-pulse]");

function ask() {
  if (document.hidden) return;
  const typed = Number(document.querySelector("[data-composer]")?.dataset.typedAt ?? 0);
  pulse.elements.writing.value = Date.now() - typed < WRITES_MS ? "1" : "";
  pulse.dispatchEvent(new Event("pulse"));
}

// Two answers may bring the same line: the first one stays.
function once() {
  const seen = new Set();
  for (const line of document.querySelectorAll("#talk > [id]")) {
    if (seen.has(line.id)) line.remove();
    else seen.add(line.id);
  }
}

function count() {
  for (const badge of document.querySelectorAll("[data-leaves]")) {
    const left = Math.ceil((Date.parse(badge.dataset.leaves) - Date.now()) / 1000);
    badge.textContent = left > 0 ? `leaves in ${left} s` : "leaving";
    if (left <= 0) badge.closest(".state").querySelector("form")?.remove();
  }
}

// What somebody is changing, or has unfolded, is left as it is until there is news again.
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  const busy = ({ type, target }) => type === "oob" && target.closest?.("#around") && (target.open || target.querySelector("form"));
  for (const task of tasks.filter(busy)) tasks.splice(tasks.indexOf(task), 1);
});

// What was said stands in sight, and the keys are those of the page again; what was refused goes on being written.
function sent() {
  document.querySelector("#talk > :last-child").scrollIntoView({ block: "nearest" });
  if (!document.querySelector("[data-composer] [role=alert]")) document.activeElement?.blur();
}

if (pulse) {
  ask();
  setInterval(ask, EVERY_MS);
  setInterval(count, 1000);
  count();
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("htmx:after:swap", (event) => {
    once();
    count();
    if (event.detail?.ctx?.sourceElement?.matches?.("[data-form]")) sent();
  });
  // A connection that comes and goes is not worth a word every five seconds.
  for (const name of ["htmx:error", "htmx:response:error"]) pulse.addEventListener(name, (event) => event.stopPropagation());
}
