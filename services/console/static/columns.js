// The columns' dialog: reordering by buttons and by dragging.
(() => {
  "use strict";

  const dialog = document.getElementById("columns");
  const list = dialog.querySelector(".column-list");
  const status = document.getElementById("columns-status");
  let dragged = null;

  function say(row) {
    const rows = [...list.children];
    status.textContent = `${row.querySelector("label").textContent.trim()}: ${rows.indexOf(row) + 1} of ${rows.length}`;
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-moves]");
    const row = button?.closest("li");
    if (!row) return;
    if (button.dataset.moves === "-1") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    button.focus();
    row.scrollIntoView({ block: "nearest" });
    say(row);
  });

  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const middle = over.getBoundingClientRect();
    if (event.clientY < middle.top + middle.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    say(dragged);
    dragged = null;
  });

  // What was not saved is not kept.
  dialog.addEventListener("close", () => dialog.querySelector("form").reset());
})();
