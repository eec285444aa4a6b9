// Sends a file by pieces to the address in data-upload, then shows the import's own page.
(() => {
  "use strict";

  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const piece = Number(form.dataset.pieceBytes);
  const button = form.querySelector("button[type=submit]");
  const progress = document.getElementById("upload-progress");
  const bar = document.getElementById("upload-bar");
  const said = document.getElementById("upload-said");
  const refused = document.getElementById("upload-refused");
  const TRIES = 6;

  form.elements.file.addEventListener("change", () => refused.replaceChildren());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = form.elements.file.files[0];
    keepChoices();
    const wishes = parameters(file);
    refused.replaceChildren();
    button.disabled = true;
    progress.hidden = false;
    try {
      const job = await send(file, wishes);
      if (job) {
        form.reset(); // what was typed is not kept for the next time
        location.assign(job.page);
      }
    } catch (error) {
      tell(error.message);
    } finally {
      button.disabled = false;
      progress.hidden = true;
    }
  });

  // What was chosen for unknown columns becomes part of the form, so that the next refusal doesn't take it away.
  function keepChoices() {
    const chosen = [...refused.querySelectorAll("[data-column]")].map((select) => `${select.dataset.column}=${select.value}`);
    if (refused.querySelector("[data-others]:checked")) chosen.push("*=");
    if (chosen.length === 0) return;
    const mapping = form.elements.mapping;
    mapping.value = [mapping.value.trimEnd(), ...chosen].filter(Boolean).join("\n");
    mapping.closest("details").open = true;
  }

  function parameters(file) {
    const wishes = new URLSearchParams();
    if (form.elements.name.value.trim()) wishes.append("name", form.elements.name.value.trim());
    else wishes.append("name", `${file.name} (${file.size} bytes)`.slice(0, 150));
    wishes.append("kind", form.elements.kind.value);
    if (form.elements.dry_run.checked) wishes.append("dry_run", "true");
    const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
    for (const line of lines(form.elements.mapping.value)) wishes.append("map", line);
    for (const field of form.querySelectorAll("[data-set]")) {
      if (field.value.trim()) wishes.append("set", `${field.dataset.set}=${field.value.trim()}`);
    }
    for (const line of lines(form.elements.constants.value)) wishes.append("set", line);
    return wishes;
  }

  async function send(file, wishes) {
    const random = crypto.getRandomValues(new Uint32Array(4));
    const key = `console-${[...random].map((number) => number.toString(16).padStart(8, "0")).join("")}`;
    const first = file.slice(0, piece);
    wishes.append("complete", String(first.size >= file.size));
    let job = await post(`${form.dataset.upload}?${wishes}`, first, { "Idempotency-Key": key });
    while (job && job.status === "receiving") {
      show(job.received_bytes, file.size);
      const from = job.received_bytes;
      const part = file.slice(from, from + piece);
      const asked = new URLSearchParams({ offset: String(from), complete: String(from + part.size >= file.size) });
      job = await post(`${job.page}/content?${asked}`, part, {});
      if (job && job.status === "receiving" && job.received_bytes <= from) {
        throw new Error("No row of this file ends within the next 768 kB. Is it CSV or NDJSON?");
      }
    }
    return job;
  }

  // The import as it then is; null once what is wrong is shown in the form.
  async function post(address, body, headers) {
    for (let tries = 1; ; tries += 1) {
      let answer = null;
      try {
        answer = await fetch(address, {
          method: "POST",
          body,
          headers: { ...headers, "Content-Type": "application/octet-stream", "X-CSRFToken": form.elements.csrf_token.value, "HX-Request": "true", "HX-Current-URL": location.href },
        });
      } catch {
        if (tries === TRIES) throw new Error("The server can't be reached. Try again: nothing goes in twice.");
      }
      if (answer && answer.headers.has("HX-Redirect")) {
        location.assign(answer.headers.get("HX-Redirect"));
        return null;
      }
      if (answer && answer.ok) return answer.json();
      if (answer && ![429, 502, 503, 504].includes(answer.status)) {
        refuse(await answer.text());
        return null;
      }
      if (tries === TRIES) throw new Error("The server doesn't answer right now. Try again shortly: nothing goes in twice.");
      said.textContent = "The server doesn't answer; trying again …";
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }

  // A part of a page, made by our own server.
  function refuse(html) {
    refused.innerHTML = html;
    (refused.querySelector("select") ?? refused.querySelector("[tabindex]"))?.focus();
  }

  function tell(message) {
    const alert = document.createElement("div");
    alert.className = "alert alert-danger";
    alert.setAttribute("role", "alert");
    alert.textContent = message;
    refused.replaceChildren(alert);
  }

  function show(sent, size) {
    bar.max = size;
    bar.value = sent;
    said.textContent = `${Math.floor((100 * sent) / Math.max(size, 1))} %`;
  }
})();
