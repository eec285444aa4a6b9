// Notes: how many characters are left, counted as the API counts them.
(() => {
  "use strict";

  const NEAR = 250;

  // Unicode code points after normalization to NFC, a line break as one, without white space around.
  function count(text) {
    return [...text.replace(/\r\n?/g, "\n").normalize("NFC").trim()].length;
  }

  function tell(field) {
    const most = Number(field.dataset.counts);
    const left = most - count(field.value);
    const shown = document.getElementById(field.getAttribute("aria-describedby"));
    if (!shown) return;
    shown.dataset.told ??= shown.textContent;
    const number = Math.abs(left).toLocaleString(document.documentElement.lang);
    if (left < 0) shown.textContent = `${number} ${left === -1 ? "character" : "characters"} too many`;
    else if (left < most) shown.textContent = `${number} ${left === 1 ? "character" : "characters"} left`;
    else shown.textContent = shown.dataset.told;
    shown.classList.toggle("too-many", left < 0);
    // Read out only when it matters, else at every key.
    if (left < NEAR) shown.setAttribute("role", "status");
    else shown.removeAttribute("role");
    field.toggleAttribute("aria-invalid", left < 0);
  }

  const tellAll = () => document.querySelectorAll("textarea[data-counts]").forEach(tell);

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-counts]")) tell(event.target);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("textarea[data-counts]")) tell(event.target);
  });
  document.addEventListener("htmx:after:swap", () => {
    tellAll();
    const next = document.querySelector("#panel-notes [data-takes-focus]");
    next?.removeAttribute("data-takes-focus");
    next?.focus();
  });
  tellAll();
})();
