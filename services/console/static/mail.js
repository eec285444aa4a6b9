// Pages about mail: the preview's frame, the line that is wrong, names that are put in, the logo's size.
(() => {
  "use strict";

  // The mail comes into its frame by a form of its own: a document with its own address has its own policy.
  document.addEventListener("htmx:after:swap", () => {
    for (const form of document.querySelectorAll("form[data-fills-frame]")) {
      delete form.dataset.fillsFrame;
      form.submit();
      form.remove();
    }
  });

  // Whoever was chosen may not be among those who were found since.
  document.addEventListener("htmx:after:swap", () => {
    const choices = [...document.querySelectorAll("#preview-with [type=radio]")];
    if (choices.length && !choices.some((choice) => choice.checked)) choices[0].checked = true;
  });

  function lineOf(area, number) {
    const lines = area.value.split("\n");
    const from = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
    return [from, from + (lines[number - 1]?.length ?? 0)];
  }

  const wrong = document.querySelector("textarea[data-line]");
  if (wrong) {
    const number = Number(wrong.dataset.line);
    wrong.focus();
    wrong.setSelectionRange(...lineOf(wrong, number));
    wrong.scrollTop = (number - 4) * parseFloat(getComputedStyle(wrong).lineHeight);
  }

  const form = document.getElementById("template-form");
  let typedIn = document.getElementById("html");
  form?.addEventListener("focusin", (event) => {
    if (event.target.matches("#subject, #html, #text")) typedIn = event.target;
  });
  document.addEventListener("click", (event) => {
    const name = event.target.closest("[data-inserts]");
    if (!name || !typedIn) return;
    typedIn.focus();
    typedIn.setRangeText(name.dataset.inserts, typedIn.selectionStart, typedIn.selectionEnd, "end");
    typedIn.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("change", (event) => {
    const most = Number(event.target.dataset.mostBytes);
    if (!most) return;
    const tooLarge = (event.target.files[0]?.size ?? 0) > most;
    event.target.setCustomValidity(tooLarge ? `This picture is larger than ${most / 1000} kB.` : "");
    event.target.reportValidity();
  });
})();
