// What every page does by itself. Behavior is bound to data- attributes and a few IDs; there is no inline script.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (/^[A-Za-z0-9_+/-]{1,60}$/.test(zone ?? "")) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `accounts_time_zone=${zone}; Path=/console; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  const here = () => location.pathname + location.search;

  document.addEventListener("click", (event) => {
    const target = event.target;
    const opener = target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    else if (target.closest("[data-closes]")) target.closest("dialog")?.close();
    else if (target instanceof HTMLDialogElement && target.dataset.keeps === undefined) target.close();
    const copier = target.closest("[data-copies]");
    if (copier) copy(copier);
    if (target.closest("[data-retry]")) retry(target);
  });

  // The address may have changed since the page was made: come back to what is shown.
  document.addEventListener("submit", (event) => {
    for (const field of event.target.querySelectorAll("input[data-here]")) field.value = here();
  });

  // Sent once, however often one clicks: what is shown only once would be in the answer that the second click drops.
  const WAIT = 5000; // for whoever has stopped the browser, and tries again
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    setTimeout(() => delete form.dataset.sent, WAIT);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copies);
    button.dataset.done = "";
    notice("Copied.");
    setTimeout(() => delete button.dataset.done, 1500);
  }

  // Copying needs a secure context; where there is none the buttons stay hidden.
  function showCopying(root) {
    if (navigator.clipboard) for (const button of root.querySelectorAll("[data-copies]")) button.hidden = false;
  }

  function notice(text) {
    const notices = document.getElementById("notices");
    const shown = document.createElement("div");
    shown.className = "notice";
    shown.textContent = text;
    notices?.replaceChildren(shown);
    setTimeout(() => shown.remove(), 4000);
  }

  function retry(button) {
    const panel = button.closest("[data-part], [data-panel]");
    if (panel) htmx.trigger(panel, "retry");
    else if (button.closest("#results")) htmx.trigger("#search", "submit");
    else location.reload();
  }

  // No answer at all: say so where it was to be shown.
  document.addEventListener("htmx:error", (event) => {
    const target = event.detail.ctx?.target;
    const lost = document.getElementById("lost");
    if (!target?.matches("[data-part], [data-panel], #results") || event.detail.ctx.response) return;
    if (lost) target.replaceChildren(lost.content.cloneNode(true));
  });

  document.addEventListener("htmx:after:swap", () => showCopying(document));
  showCopying(document);

  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const box = document.getElementById("q");
      event.preventDefault();
      if (box) {
        box.focus();
        box.select();
      } else {
        location.assign("/console/customers");
      }
    } else if (event.key === "?") {
      event.preventDefault();
      document.getElementById("help")?.showModal();
    }
  });
})();
