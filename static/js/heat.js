// Arrow keys walk through a heat map, of whose cells one is in the order of the Tab key. Without it all of them are.

function cells(table) {
  return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a")));
}

function begin(table) {
  const all = cells(table).flat().filter(Boolean);
  all.forEach((link, at) => { link.tabIndex = at ? -1 : 0; });
}

function next(grid, row, column, key) {
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  const [down, right] = steps[key];
  for (let r = row + down, c = column + right; grid[r] && c >= 0 && c < grid[row].length + grid.length; r += down, c += right) {
    if (grid[r][c]) return grid[r][c];
  }
  return null;
}

document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("[data-heat] tbody a");
  if (!link || !event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return;
  const grid = cells(link.closest("table"));
  const row = grid.findIndex((line) => line.includes(link));
  const found = next(grid, row, grid[row].indexOf(link), event.key);
  event.preventDefault();
  if (!found) return;
  link.tabIndex = -1;
  found.tabIndex = 0;
  found.focus();
});

document.querySelectorAll("[data-heat]").forEach(begin);
