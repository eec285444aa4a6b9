// What was done to a customer's billing is told, and shown wherever it changes something. Its dialogs' forms show what
// belongs to what is chosen, and go on with what was typed before.
(() => {
  "use strict";

  const dialog = document.getElementById("customer-dialog");
  const inside = document.getElementById("customer-dialog-inside");
  if (!dialog) return;

  // Done

  function refresh() {
    for (const part of document.querySelectorAll("[data-panel], [data-part]")) {
      const views = [...part.querySelectorAll("[data-refresh]")];
      const view = views.find((each) => each.closest("[data-part], [data-panel]") === part);
      if (view) htmx.trigger(view, "refresh");
      else if (part.querySelector(":scope > .failure")) htmx.trigger(part, "retry");
    }
  }

  document.addEventListener("billing-changed", (event) => {
    inside.querySelector("form[data-draft]")?.reset();
    dialog.close();
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.textContent = event.detail.told;
    document.getElementById("notices").append(notice);
    setTimeout(() => notice.remove(), 6000);
    refresh();
  });

  // data-if="when=now refund=full": shown while both are chosen; with | between them, while one is. What isn't shown
  // isn't asked for: a fieldset is disabled.
  function show(form) {
    // Twice: what the first round hides may have been a condition of something else.
    for (let round = 0; round < 2; round += 1) {
      const chosen = new Map([...new FormData(form)]);
      const holds = (condition) => {
        const [name, value] = condition.split("=");
        return chosen.get(name) === value;
      };
      for (const part of form.querySelectorAll("[data-if]")) {
        part.hidden = !part.dataset.if.split("|").some((all) => all.split(" ").every(holds));
        if (part instanceof HTMLFieldSetElement) part.disabled = part.hidden;
      }
    }
  }
  const showAll = () => {
    for (const form of inside.querySelectorAll(".billing-form")) show(form);
  };
  document.addEventListener("htmx:after:swap", showAll);
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.(".billing-form");
    if (form) show(form);
  });

  // What was typed, and not sent because the session ended or the page was left

  const offer = document.getElementById("form-offer");
  const drafts = () => Object.keys(sessionStorage).filter((name) => name.startsWith(`draft:${location.pathname}:`));
  const addressOf = (name) => {
    try {
      const address = JSON.parse(sessionStorage.getItem(name))?.opener;
      return address?.startsWith(`${location.pathname}/`) ? address : null;
    } catch {
      return null;
    }
  };
  const kept = () => drafts().find(addressOf);
  const showOffer = () => {
    offer.hidden = dialog.open || !kept();
  };

  offer.addEventListener("click", (event) => {
    const by = event.target.closest("button");
    const name = kept();
    if (!by || !name) return;
    if (by.dataset.form === "drop") for (const each of drafts()) sessionStorage.removeItem(each);
    else htmx.ajax("GET", addressOf(name), { target: "#customer-dialog-inside" });
    showOffer();
  });
  dialog.addEventListener("discarded", () => inside.querySelector("form[data-draft]")?.reset());
  dialog.addEventListener("close", showOffer);
  dialog.addEventListener("toggle", showOffer);
  showOffer();
})();
