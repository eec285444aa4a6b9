// What was typed and not saved, kept in this tab only, so that it outlives the end of a session, but not signing out.
(() => {
  "use strict";

  const PREFIX = "accounts.draft.";
  const LONGEST = 24 * 60 * 60 * 1000;
  const channel = new BroadcastChannel("accounts");
  let ended = false;

  const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const key = (member, customer) => `${PREFIX}${member}.${customer}`;

  function forgetAll() {
    for (const each of keys()) sessionStorage.removeItem(each);
  }

  function end() {
    ended = true; // a page that is still open must not begin anew
    forgetAll();
  }

  window.accountsDrafts = {
    // Somebody else's in this tab are forgotten.
    find(member, customer) {
      for (const each of keys()) if (!each.startsWith(`${PREFIX}${member}.`)) sessionStorage.removeItem(each);
      try {
        const draft = JSON.parse(sessionStorage.getItem(key(member, customer)));
        if (draft && Date.now() - draft.at < LONGEST) return draft.values;
      } catch { /* not ours */ }
      sessionStorage.removeItem(key(member, customer));
      return null;
    },
    keep(member, customer, values) {
      if (!ended) sessionStorage.setItem(key(member, customer), JSON.stringify({ at: Date.now(), values }));
    },
    drop(member, customer) {
      sessionStorage.removeItem(key(member, customer));
    },
  };

  channel.addEventListener("message", (event) => {
    if (event.data === "signed out") end();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/console/sign-out") return;
    end();
    channel.postMessage("signed out");
  });
  // Signing in anew, and not to go on with something.
  const next = document.querySelector('form[action="/console/sign-in"] input[name="next"]');
  if (next && next.value === "/console/") forgetAll();
})();
