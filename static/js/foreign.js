// Frames with mail from outside are as high as what they show; they run no scripts, so the page measures them.

function fit(frame) {
  const inside = frame.contentDocument?.documentElement;
  if (!inside) return;
  frame.style.blockSize = "0";
  frame.style.blockSize = `${inside.scrollHeight + 1}px`;
}

function watch(frame) {
  fit(frame);
  const inside = frame.contentDocument;
  inside?.addEventListener("toggle", () => fit(frame), true); // what it quotes
  inside?.addEventListener("load", () => fit(frame), true); // a picture
}

document.addEventListener("load", (event) => event.target.matches?.("iframe[data-foreign]") && watch(event.target), true);
for (const frame of document.querySelectorAll("iframe[data-foreign]")) if (frame.contentDocument?.readyState === "complete") watch(frame);

let width = innerWidth;
addEventListener("resize", () => {
  if (width === innerWidth) return;
  width = innerWidth;
  for (const frame of document.querySelectorAll("iframe[data-foreign]")) fit(frame);
});
