// Says on a page of yours that a customer's payment needs mending, with the way there; while all is fine it shows nothing.
//   <script src="…/status/banner.js" data-token="…" async></script>
// data-target: a selector of where it stands, else on top of the page; data-grace, data-over, data-action: your words.
(function () {
  var script = document.currentScript;
  var token = script && script.dataset.token;
  if (!token) return;
  var words = script.dataset;

  function said(status) {
    if (status.state === "over") return words.over || "Your last payment failed, and access may end at any moment.";
    var day = new Date(Date.parse(status.grace_until) - 1).toLocaleDateString(document.documentElement.lang || undefined, { day: "numeric", month: "long" });
    return (words.grace || "Your last payment failed. Access stays until {day}.").replace("{day}", day);
  }

  function show(status) {
    if (status.state !== "grace" && status.state !== "over") return;
    var bar = document.createElement("div");
    bar.setAttribute("role", "status");
    bar.dataset.holdfast = status.state;
    var style = bar.style;
    style.cssText = "all: initial"; // the page's own styles do not reach it
    style.display = "block";
    style.padding = "10px 16px";
    style.font = "500 15px/1.4 system-ui, sans-serif";
    style.textAlign = "center";
    style.color = "#fff";
    style.background = status.state === "over" ? "#9f1d1d" : "#7a4a00";
    bar.appendChild(document.createTextNode(said(status)));
    if (/^https?:\/\//.test(status.mend_url || "")) {
      var link = document.createElement("a");
      link.href = status.mend_url;
      link.rel = "noopener";
      link.textContent = words.action || "Update your card";
      link.style.color = "#fff";
      link.style.marginInlineStart = "10px";
      bar.appendChild(link);
    }
    var target = words.target && document.querySelector(words.target);
    if (target) target.appendChild(bar);
    else document.body.insertBefore(bar, document.body.firstChild);
  }

  fetch(new URL("./" + encodeURIComponent(token) + "/", script.src), { credentials: "omit", cache: "no-cache" })
    .then(function (answer) { return answer.ok ? answer.json() : { state: "fine" }; })
    .then(show)
    .catch(function () {}); // a page must not suffer from it
})();
