// The settings: a box that finds pages while one types.

const filter = document.querySelector("[data-filter]");

filter?.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of document.querySelectorAll("[data-filtered] > section")) {
    let here = 0;
    for (const line of group.querySelectorAll("[data-words]")) {
      line.hidden = !words.every((word) => line.dataset.words.includes(word));
      if (!line.hidden) here += 1;
    }
    group.hidden = here === 0;
    found += here;
  }
  document.querySelector("[data-none]").hidden = found > 0;
});

// Enter opens the first that is left.
filter?.form.addEventListener("submit", (event) => {
  const first = document.querySelector("[data-filtered] > section:not([hidden]) [data-words]:not([hidden]) a");
  if (!first || !filter.value.trim()) return;
  event.preventDefault();
  location.assign(first.href);
});
