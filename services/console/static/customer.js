// A customer's page: its dialog and its menu.
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
    // One dialog leads to another; what comes back in the end is what opened the first.
    if (!dialog.contains(by)) opener = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : by;
    menu?.hidePopover();
    inside.replaceChildren(copyOf("dialog-loading"));
    question.hidden = true;
    if (!dialog.open) dialog.showModal();
  }

  const differs = (control) => (control.matches("[type=radio], [type=checkbox]") ? control.checked !== control.defaultChecked
    : control.matches("select") ? ![...control.options].every((o) => o.selected === o.defaultSelected) && control.selectedIndex > 0
      : control.type !== "hidden" && control.matches("input, textarea") && control.value !== control.defaultValue);

  const isTyped = () => inside.querySelector("form[data-typed]") !== null
    || [...inside.querySelectorAll("form[data-draft] [name]")].some(differs)
    || inside.querySelector("form[data-conflict]") !== null
    || [...inside.querySelectorAll("form[data-edit] input[name^='was.']")].some((was) => {
      const field = was.form.elements[was.name.slice(4)];
      return field && field.value !== was.value;
    });

  function leave() {
    if (!isTyped()) dialog.close();
    else {
      question.hidden = false;
      question.querySelector("[data-goes-on]").focus();
    }
  }

  dialog.addEventListener("close", () => {
    inside.replaceChildren();
    question.hidden = true;
    const anew = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    const back = anew || document.querySelector("#panel-summary [data-dialog]");
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

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) leave();
  });

  document.addEventListener("click", (event) => {
    const by = event.target.closest("button, a");
    if (!by) return;
    if (by.matches("[data-dialog]")) open(by);
    if (by.matches("[data-leaves]")) leave();
    if (by.matches("[data-goes-on]")) keepEditing();
    if (by.matches("[data-discards]")) {
      dialog.dispatchEvent(new CustomEvent("discarded", { bubbles: true }));
      dialog.close();
    }
    if (by.matches("[popover] [data-copies]")) by.closest("[popover]").hidePopover();
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
    const link = document.querySelector("[data-copies-link]");
    if (link) link.dataset.copies = location.origin + location.pathname;
    dialog.classList.toggle("dialog-wide", inside.querySelector("[data-wide]") !== null);
    if (dialog.open && !dialog.contains(document.activeElement)) takeFocus();
  }

  // Where what had the focus is gone, and nothing new asks for it.
  function takeFocus() {
    const usable = [...inside.querySelectorAll("input:enabled, select:enabled, textarea:enabled, button:enabled")];
    const fields = usable.filter((each) => each.type !== "hidden" && !each.matches("[type=radio]:not(:checked), [data-leaves]"));
    (inside.querySelector("[autofocus]") ?? fields[0] ?? usable[0])?.focus();
  }

  document.addEventListener("htmx:after:swap", arrived);
  arrived();

  // No answer at all; panels tell of that by themselves.
  document.addEventListener("htmx:error", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (!source || event.detail.ctx.response || !dialog.open) return;
    const lost = copyOf("lost");
    lost.querySelector("[data-retry]").closest("p").remove();
    const message = document.getElementById("form-message");
    if (message && source.closest("form")) message.replaceChildren(lost);
    else inside.replaceChildren(lost);
    arrived();
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
    notice.className = "notice";
    notice.textContent = text;
    document.getElementById("notices").append(notice);
    setTimeout(() => notice.remove(), 5000);
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
