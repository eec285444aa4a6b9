// What was done to a customer's billing is told, and shown wherever it changes something.
(() => {
  "use strict";

  const dialog = document.getElementById("customer-dialog");
  if (!dialog) return;

  function refresh() {
    for (const panel of document.querySelectorAll("[data-panel], [data-part]")) {
      const view = [...panel.querySelectorAll("[data-refresh]")].find((each) => each.closest("[data-part], [data-panel]") === panel);
      if (view) htmx.trigger(view, "refresh");
      else if (panel.querySelector(":scope > .failure")) htmx.trigger(panel, "retry");
    }
  }

  document.addEventListener("billing-changed", (event) => {
    dialog.close();
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.textContent = event.detail.told;
    document.getElementById("notices").append(notice);
    setTimeout(() => notice.remove(), 6000);
    refresh();
  });
})();
