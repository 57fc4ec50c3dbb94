// Puts a form where its script stands, as high as it needs to be, and tells it which page it is on.
(function () {
  var script = document.currentScript;
  if (!script || !script.src) return;
  var at = new URL(script.src);
  var form = new URL(at.pathname.replace(/embed\.js$/, ""), at.origin);
  form.searchParams.set("embed", "1");
  form.searchParams.set("theme", script.dataset.theme || "light");
  form.searchParams.set("page", location.origin + location.pathname);
  if (document.referrer) form.searchParams.set("referrer", document.referrer);
  new URLSearchParams(location.search).forEach(function (value, name) {
    if (/^utm_[a-z]+$/.test(name)) form.searchParams.set(name, value.slice(0, 120));
  });

  var frame = document.createElement("iframe");
  frame.src = form.href;
  frame.title = script.dataset.title || "Form";
  frame.style.width = "100%";
  frame.style.height = "480px";
  frame.style.border = "0";
  frame.style.colorScheme = "normal";
  script.parentNode.insertBefore(frame, script.nextSibling);

  addEventListener("message", function (event) {
    if (event.origin !== form.origin || event.source !== frame.contentWindow) return;
    var said = event.data;
    if (!said || said.holdfast !== "form") return;
    if (typeof said.height === "number" && said.height > 0) frame.style.height = Math.min(Math.ceil(said.height), 10000) + "px";
    if (typeof said.goes === "string" && said.goes.indexOf("https://") === 0) location.assign(said.goes);
  });
})();
