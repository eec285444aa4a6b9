// What pages do by themselves. Behavior is bound to data- attributes and a few IDs; there is no inline script.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (/^[A-Za-z0-9_+/-]{1,60}$/.test(zone ?? "")) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `accounts_time_zone=${zone}; Path=/console; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close();
  });

  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const box = document.getElementById("q");
    const open = document.querySelector("dialog[open]");
    if (event.key === "/" && box && !open && !typing(event.target)) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "?" && !open && !typing(event.target)) {
      event.preventDefault();
      document.getElementById("help")?.showModal();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      moveThroughRows(event, box, open);
    }
  });

  function moveThroughRows(event, box, open) {
    const links = [...document.querySelectorAll(".row-link")];
    const at = links.indexOf(document.activeElement);
    if (open || links.length === 0 || (at < 0 && event.target !== box)) return;
    const next = event.key === "ArrowDown" ? at + 1 : at - 1;
    event.preventDefault();
    if (next < 0) box?.focus();
    else links[Math.min(next, links.length - 1)].focus();
  }
})();
