// The dialogs' forms: what is wrong is said at the fields, a new login ID is warned of, what is typed is kept.
(() => {
  "use strict";

  const offer = document.getElementById("draft-offer");
  if (!offer) return;
  const { customer, member } = offer.dataset;

  // Kept for this member alone, with the version that was seen: what somebody else did since is a conflict, not lost.
  const PREFIX = "draft:customer:";
  const LONGEST = 24 * 60 * 60 * 1000;
  const key = `${PREFIX}${member}:${customer}`;
  const drafts = {
    find() {
      for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${member}:`)) sessionStorage.removeItem(name);
      }
      try {
        const draft = JSON.parse(sessionStorage.getItem(key));
        if (draft && Date.now() - draft.at < LONGEST) return draft.values;
      } catch { /* none of ours */ }
      drafts.drop();
      return null;
    },
    keep(values) {
      const signedOut = document.documentElement.dataset.signedOut !== undefined;
      if (!signedOut) sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), member, values }));
    },
    drop: () => sessionStorage.removeItem(key),
  };

  const field = (form, name) => form.elements[name];

  // What is wrong

  function say(control, text) {
    const message = control.type === "radio"
      ? control.closest("fieldset").querySelector(".field-error")
      : document.getElementById(`${control.id}-error`);
    if (!message) return;
    if (control.type !== "radio") message.textContent = text;
    message.hidden = !text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  function wrong(control) {
    const validity = control.validity;
    if (control.type === "radio") return validity.valueMissing ? "Choose one of the two." : "";
    if (control.name === "email_confirmed") {
      const asked = !control.closest("[data-email-warning]").hidden;
      return asked && !control.checked ? "Confirm that the customer is to sign in with this address from now on." : "";
    }
    if (validity.valid) return "";
    if (control.name === "email") return "Not a valid email address.";
    if (control.name === "word") return "Type anonymize to go on.";
    if (control.name === "birthdate") return "Not a day between 1880 and today.";
    return control.validationMessage;
  }

  const controls = (form) => [...form.elements].filter((c) => c.name && c.type !== "hidden" && c.matches("input:enabled, select:enabled"));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".customer-form") || event.submitter?.formNoValidate) return;
    const mistaken = controls(form).filter((control) => {
      const text = wrong(control);
      say(control, text);
      return text;
    });
    if (mistaken.length === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    mistaken[0].closest("details")?.setAttribute("open", "");
    mistaken[0].focus();
  }, true);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#form-message a[href^='#']");
    if (!link) return;
    event.preventDefault();
    const target = document.getElementById(link.hash.slice(1));
    target?.closest("details")?.setAttribute("open", "");
    target?.focus();
  });

  // What is typed

  function warn(form) {
    const email = field(form, "email");
    const warning = form.querySelector("[data-email-warning]");
    if (email && warning) warning.hidden = email.value.trim() === field(form, "was.email").value;
  }

  function keep(form) {
    const values = {};
    let typed = false;
    for (const control of form.querySelectorAll("input[name^='was.'], input[name='etag']")) {
      values[control.name] = control.value;
      const now = field(form, control.name.slice(4));
      if (control.name === "etag" || !now) continue;
      values[now.name] = now.value;
      typed ||= now.value !== control.value;
    }
    if (typed) drafts.keep(values);
    else drafts.drop();
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.customer-form");
    if (!form) return;
    if (event.target.hasAttribute("aria-invalid") && !wrong(event.target)) say(event.target, "");
    if (event.target.type === "radio") say(event.target, "");
    if (!form.matches("[data-edit]")) return;
    if (event.target.name === "email") {
      field(form, "email_confirmed").checked = false;
      warn(form);
    }
    if (event.target.name !== "email_confirmed") keep(form);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.("form.customer-form");
    if (form && event.target.matches("input[pattern], input[type=date]") && event.target.value) {
      say(event.target, wrong(event.target));
    }
  });

  // What was typed before

  function fillIn(form) {
    const values = drafts.find();
    if (!values) return;
    for (const [name, value] of Object.entries(values)) {
      const control = field(form, name);
      if (!control || control instanceof RadioNodeList) continue;
      if (control.tagName === "SELECT" && ![...control.options].some((o) => o.value === value)) control.add(new Option(value, value));
      control.value = value;
      if (control.type !== "hidden" && value !== values[`was.${name}`]) control.closest("details")?.setAttribute("open", "");
    }
    warn(form);
  }

  document.addEventListener("htmx:after:swap", () => {
    const form = document.querySelector("#customer-dialog form[data-edit]");
    if (!form || form.dataset.known) return;
    form.dataset.known = "yes";
    if ("fresh" in form.dataset) fillIn(form);
    else keep(form);
  });

  const showOffer = () => {
    // Of somebody who was anonymized meanwhile nothing is kept.
    if (document.querySelector("#panel-summary [data-anonymized]")) drafts.drop();
    const found = drafts.find() !== null;
    offer.hidden = !(found && document.querySelector("#panel-summary [hx-get$='/edit']"));
  };
  const drop = () => {
    drafts.drop();
    offer.hidden = true;
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-draft=drop]")) drop();
  });
  for (const done of ["customer-saved", "customer-changed", "discarded"]) document.addEventListener(done, drop);
  document.getElementById("customer-dialog").addEventListener("close", showOffer);
  document.getElementById("customer-dialog").addEventListener("toggle", () => { offer.hidden = true; });
  document.addEventListener("htmx:after:swap", () => {
    if (!document.getElementById("customer-dialog").open) showOffer();
  });
  showOffer();
})();
