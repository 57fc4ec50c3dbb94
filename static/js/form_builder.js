// The builder of a form: lines that are dragged by their handle, and colleague or team as the rule of owners asks.
// Without script the buttons of each line move it.

let held = null; // the line that is dragged, by which pointer

function follow(y) {
  const others = [...held.line.parentElement.children].filter((line) => line !== held.line);
  const below = others.find((line) => {
    const box = line.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  if (held.line.nextElementSibling !== (below ?? null)) held.line.parentElement.insertBefore(held.line, below ?? null);
}

function letGo(keeps) {
  const { line, before, list } = held;
  held = null;
  delete line.dataset.lifted;
  if (!keeps) list.insertBefore(line, before);
  // Its place among the others is what is sent; the buttons at the ends follow with the next answer.
  line.closest("form").dispatchEvent(new CustomEvent("arranged"));
}

document.addEventListener("pointerdown", (event) => {
  const line = event.target.closest("[data-handle]")?.closest("[data-line]");
  if (!line || event.button || held) return;
  event.preventDefault();
  held = { line, list: line.parentElement, before: line.nextElementSibling, pointer: event.pointerId };
  line.dataset.lifted = "";
});
addEventListener("pointermove", (event) => held?.pointer === event.pointerId && follow(event.clientY));
addEventListener("pointerup", (event) => held?.pointer === event.pointerId && letGo(true));
addEventListener("pointercancel", (event) => held?.pointer === event.pointerId && letGo(false));
addEventListener("keydown", (event) => event.key === "Escape" && held && letGo(false));
document.addEventListener("touchmove", (event) => held && event.preventDefault(), { passive: false });

// Only the control that the rule asks for.
function owners() {
  const rule = document.querySelector("[data-owners] select");
  if (!rule) return;
  for (const [name, when] of [["owner", "person"], ["team", "team"]]) {
    const control = document.querySelector(`[data-builder] select[name="${name}"]`)?.closest(".control");
    if (control) control.hidden = rule.value !== when;
  }
}

owners();
document.addEventListener("change", (event) => event.target.closest("[data-owners]") && owners());
document.addEventListener("htmx:after:swap", owners);
