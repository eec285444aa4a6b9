"use strict";

// A file of its own, so that the page's policy needs to allow no inline script.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/v1/openapi.json",
    dom_id: "#documentation",
    deepLinking: true,
    docExpansion: "list",
    displayRequestDuration: true,
    // Credentials that were typed in are gone with the page.
    persistAuthorization: false,
    // No badge of an outside validator: nothing here asks the internet.
    validatorUrl: null,
  });
});
