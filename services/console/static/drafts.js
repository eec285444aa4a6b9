// What is typed isn't lost when the session ends: <form data-draft="name"> keeps it in this tab until it was taken.
//
// A form inside something that has to be opened first says with data-draft-opener which element (a selector) to click, or
// from which address it comes (billing.js asks for that).
// Passwords, files and hidden fields are never kept, but for the version that was seen, and what it had in each field
// (was.…): what somebody else did since isn't overwritten. Signing out forgets all of it, in every tab.
(() => {
  "use strict";

  const PREFIX = "draft:";
  const key = (form) => `${PREFIX}${location.pathname}:${form.dataset.draft}`;
  const kept = (field) => field.name === "version" || field.name?.startsWith("was.")
    || (field.name && !["password", "hidden", "file", "submit", "button"].includes(field.type));
  const member = document.querySelector(".top-bar")?.dataset.member;
  const onSignIn = location.pathname === "/console/sign-in";

  function read(name) {
    try {
      return JSON.parse(sessionStorage.getItem(name));
    } catch {
      return null;
    }
  }

  function keep(form) {
    const values = [...form.elements].filter(kept).map((field) => ({
      name: field.name,
      value: field.value,
      checked: field.checked ?? null,
    }));
    sessionStorage.setItem(key(form), JSON.stringify({ member, values, opener: form.dataset.draftOpener ?? null }));
  }

  function restore(form) {
    const draft = read(key(form));
    if (!draft || form.dataset.draftRestored !== undefined) return;
    form.dataset.draftRestored = "";
    const fields = [...form.elements].filter(kept);
    draft.values.forEach(({ name, value, checked }, at) => {
      const field = fields[at]?.name === name ? fields[at] : fields.find((other) => other.name === name);
      if (!field) return;
      if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
      else field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  const drop = (form) => sessionStorage.removeItem(key(form));
  const drafts = () => Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));

  // Nothing that was typed stays behind; a page that is still open in another tab must not begin anew.
  function forgetAll() {
    document.documentElement.dataset.signedOut = "";
    for (const name of drafts()) sessionStorage.removeItem(name);
  }

  const tabs = new BroadcastChannel("accounts");
  tabs.addEventListener("message", (event) => {
    if (event.data === "signed out") forgetAll();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/console/sign-out") return;
    forgetAll();
    tabs.postMessage("signed out");
  });
  // Signing in, and not to go on with something.
  if (onSignIn && document.querySelector('input[name="next"]')?.value === "/console/") forgetAll();

  // Somebody else has signed in where the session had ended.
  for (const name of member ? drafts() : []) {
    if ((read(name)?.member ?? member) !== member) sessionStorage.removeItem(name);
  }

  // A draft that was sent by a whole page's form is gone once any page comes of it but the sign-in, or one that says
  // that the form wasn't taken.
  const notTaken = onSignIn || document.documentElement.dataset.notTaken !== undefined;
  for (const name of drafts()) {
    const draft = read(name);
    if (!draft?.sent) continue;
    if (notTaken) sessionStorage.setItem(name, JSON.stringify({ ...draft, sent: false }));
    else sessionStorage.removeItem(name);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft !== undefined && document.documentElement.dataset.signedOut === undefined) keep(form);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const draft = form.dataset.draft !== undefined ? read(key(form)) : null;
    if (draft && !event.defaultPrevented) sessionStorage.setItem(key(form), JSON.stringify({ ...draft, sent: true }));
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    const form = sourceElement?.closest?.("form[data-draft]");
    if (!form) return;
    const signIn = response?.headers.get("HX-Redirect")?.startsWith("/console/sign-in");
    if (signIn) keep(form);
    else if (response && response.status < 400) drop(form);
  });

  document.addEventListener("reset", (event) => {
    if (event.target.dataset?.draft !== undefined) drop(event.target);
  });

  function restoreAll() {
    for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  }

  restoreAll();
  document.addEventListener("htmx:after:swap", restoreAll);

  if (!onSignIn) {
    addEventListener("load", () => {
      for (const name of drafts().filter((draft) => draft.startsWith(`${PREFIX}${location.pathname}:`))) {
        const opener = read(name)?.opener;
        // Of an address the page itself asks whether to go on.
        if (opener && !opener.startsWith("/")) document.querySelector(opener)?.click();
      }
    });
  }
})();
