// The search box: suggestions as an ARIA combobox, rows by the arrow keys, and what is said to screen readers.
(() => {
  "use strict";

  const box = document.getElementById("q");
  const list = document.getElementById("suggestions");
  const results = document.getElementById("results");
  let timer, request, active = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const isOpen = () => !list.hidden;

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    activate(-1);
  }

  function activate(index) {
    const all = options();
    active = index;
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index < 0) box.removeAttribute("aria-activedescendant");
    else {
      box.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    }
  }

  async function suggest() {
    request?.abort();
    request = new AbortController();
    const typed = box.value;
    try {
      const address = `${box.dataset.suggestions}?${new URLSearchParams({ q: typed })}`;
      const answer = await fetch(address, { signal: request.signal, headers: { "HX-Request": "true" } });
      const html = answer.ok && !answer.headers.has("HX-Redirect") ? await answer.text() : "";
      if (typed !== box.value || document.activeElement !== box) return;
      list.innerHTML = html;
      // Over a message about what is wrong they would only be in the way.
      const any = options().length > 0 && !results.querySelector(".alert");
      list.hidden = !any;
      box.setAttribute("aria-expanded", String(any));
      activate(-1);
    } catch {
      // Dropped for a newer one, or the connection is gone, which the list itself tells.
    }
  }

  function take(option) {
    close();
    if (option.dataset.href) window.open(option.dataset.href, "_blank", "noopener");
    else {
      box.value = option.dataset.q;
      box.focus();
      htmx.trigger(box.form, "submit");
      if (box.value.endsWith(":")) timer = setTimeout(suggest, 150);
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.value.trim()) timer = setTimeout(suggest, 150);
    else close();
  });
  box.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });

  box.addEventListener("keydown", (event) => {
    const last = options().length - 1;
    if (isOpen() && event.key === "ArrowDown") activate(active < last ? active + 1 : 0);
    else if (isOpen() && event.key === "ArrowUp") activate(active > 0 ? active - 1 : last);
    else if (isOpen() && event.key === "Escape") close();
    else if (event.key === "ArrowDown") focusRow(0);
    else if (event.key === "Enter" && active >= 0) take(options()[active]);
    else {
      if (event.key === "Enter") close();
      return;
    }
    event.preventDefault();
  });

  const links = () => [...results.querySelectorAll(".row-link")];

  function focusRow(index) {
    links()[index]?.focus();
  }

  results.addEventListener("keydown", (event) => {
    const at = links().indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = links();
    if (event.key === "ArrowDown") all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "ArrowUp" && at === 0) box.focus();
    else if (event.key === "ArrowUp") all[at - 1].focus();
    else if (event.key === "Home") all[0].focus();
    else if (event.key === "End") all[all.length - 1].focus();
    else if (event.key === "Escape") box.focus();
    else return;
    event.preventDefault();
  });

  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.target === results) close();
  });

  // A link that was replaced had the focus: give it to the list, from where the keys lead on.
  results.addEventListener("htmx:after:swap", () => {
    if (results.querySelector(".alert")) close();
    const said = results.querySelector("[data-announces], [role=status], [role=alert]");
    document.getElementById("announcement").textContent = said ? said.textContent.replace(/\s+/g, " ").trim() : "";
    document.title = `${box.value ? `${box.value} · ` : ""}Customers · Customer Accounts`;
    if (document.activeElement === document.body) results.querySelector(".table-scroll")?.focus({ preventScroll: true });
  });
})();
