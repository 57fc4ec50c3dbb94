// A public form in a frame: says to the page around it how high it is, and where to go when it was sent.
// Only a page that the form names is spoken to.

const parentOrigin = document.body.dataset.parent;
const tell = (said) => parent.postMessage({ holdfast: "form", ...said }, parentOrigin);

if (parentOrigin && parent !== window) {
  const main = document.querySelector("main");
  const height = () => tell({ height: main.getBoundingClientRect().bottom + scrollY });
  new ResizeObserver(height).observe(main);
  height();
  const goes = document.querySelector("[data-goes]")?.dataset.goes;
  if (goes) tell({ goes });
}
