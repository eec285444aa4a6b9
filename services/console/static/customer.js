// A customer's page: its dialog, menu, copying, and what happens when the server can't be reached.
(() => {
  "use strict";

  const dialog = document.getElementById("customer-dialog");
  const inside = document.getElementById("customer-dialog-inside");
  const question = document.getElementById("discard-question");
  if (!dialog) return;
  let opener = null;

  const copyOf = (id) => document.getElementById(id).content.cloneNode(true);

  // The dialog

  function open(by) {
    const menu = by.closest("[popover]");
    opener = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : by;
    menu?.hidePopover();
    inside.replaceChildren(copyOf("dialog-loading"));
    question.hidden = true;
    if (!dialog.open) dialog.showModal();
  }

  const isTyped = () => inside.querySelector("form[data-conflict]") !== null
    || [...inside.querySelectorAll("form[data-edit] input[name^='was.']")].some((was) => {
      const field = was.form.elements[was.name.slice(4)];
      return field && field.value !== was.value;
    });

  function leave() {
    if (!isTyped()) dialog.close();
    else {
      question.hidden = false;
      question.querySelector("[data-keeps]").focus();
    }
  }

  dialog.addEventListener("close", () => {
    inside.replaceChildren();
    question.hidden = true;
    const back = opener?.isConnected ? opener : document.querySelector("#panel-summary [data-dialog]");
    (back ?? document.getElementById("content")).focus();
  });

  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (question.hidden) leave();
    else keepEditing();
  });

  function keepEditing() {
    question.hidden = true;
    (inside.querySelector("[aria-invalid], input:not([type=hidden])") ?? dialog).focus();
  }

  // Before the pages' own script, which closes every dialog at a click beside it.
  document.addEventListener("click", (event) => {
    if (event.target === dialog) {
      event.stopImmediatePropagation();
      leave();
    }
  }, true);

  document.addEventListener("click", (event) => {
    const by = event.target.closest("button, a");
    if (!by) return;
    if (by.matches("[data-dialog]")) open(by);
    if (by.matches("[data-leaves]")) leave();
    if (by.matches("[data-keeps]")) keepEditing();
    if (by.matches("[data-discards]")) {
      dialog.dispatchEvent(new CustomEvent("discarded", { bubbles: true }));
      dialog.close();
    }
    if (by.matches("[data-retries]")) htmx.trigger(by.closest("[data-panel]"), "retry");
    if (by.matches("[data-copies]")) copy(by.dataset.copies, by);
    if (by.matches("[data-copies-link]")) {
      by.closest("[popover]").hidePopover();
      copy(location.origin + location.pathname, null);
    }
  });

  // What arrives

  function arrived() {
    const title = document.querySelector("#panel-summary [data-title]")?.dataset.title;
    if (title) {
      document.querySelector("[data-title-here]").textContent = title;
      document.title = `${title} · Customer Accounts`;
    }
    if (dialog.open && inside.firstElementChild && !inside.querySelector("#customer-dialog-title")) {
      const failure = [...inside.childNodes];
      inside.replaceChildren(copyOf("dialog-failure"));
      inside.querySelector(".failure-here").replaceChildren(...failure);
    }
    dialog.classList.toggle("dialog-wide", inside.querySelector("[data-wide]") !== null);
  }

  document.addEventListener("htmx:after:swap", arrived);

  document.addEventListener("htmx:error", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (!source) return;
    const message = document.getElementById("form-message");
    if (source.closest("#customer-dialog form") && message) {
      const failure = copyOf("panel-failure");
      failure.querySelector("[data-retries]").closest("p").remove();
      message.replaceChildren(failure);
    } else if (source.closest("#customer-dialog") || source.matches("[data-dialog]")) {
      const failure = copyOf("panel-failure");
      failure.querySelector("[data-retries]").closest("p").remove();
      inside.replaceChildren(failure);
      arrived();
    } else {
      source.closest("[data-panel]")?.replaceChildren(copyOf("panel-failure"));
    }
  });

  document.addEventListener("customer-saved", (event) => {
    dialog.close();
    tell(event.detail.told);
  });
  document.addEventListener("customer-changed", () => {
    htmx.trigger(document.querySelector("#panel-summary [data-panel]"), "retry");
  });

  // Small things

  function tell(text) {
    const notice = document.createElement("div");
    notice.className = "alert notice";
    notice.textContent = text;
    document.getElementById("notices").append(notice);
    setTimeout(() => notice.remove(), 5000);
  }

  async function copy(text, by) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // plain http, or not allowed
      const area = document.createElement("textarea");
      area.value = text;
      (by?.parentElement ?? document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      by?.focus();
    }
    tell("Copied.");
  }

  // In a sheet of its own: htmx carries style attributes over to what takes an element's place, which the policy forbids.
  const place = new CSSStyleSheet();
  document.adoptedStyleSheets.push(place);
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (event.newState !== "open" || !menu.matches?.(".customer-menu")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const top = Math.max(8, Math.min(button.bottom + 4, innerHeight - menu.offsetHeight - 8));
    place.replaceSync(`.customer-menu { top: ${top}px; left: ${Math.max(8, button.right - menu.offsetWidth)}px; }`);
  }, true);
  addEventListener("scroll", () => document.querySelector(".customer-menu:popover-open")?.hidePopover(), { passive: true });
})();
