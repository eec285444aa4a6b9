"use strict";

// Swagger UI has a dark theme of its own and leaves it to the page when to use it. Before anything is painted, hence not
// in init.js.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);
