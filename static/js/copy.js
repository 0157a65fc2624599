// Adds a copy button beside each address. Without JavaScript, the address can be selected.

import { gettext } from "./translation.js";

for (const place of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(place.dataset.copies);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = gettext("Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = gettext("Copied");
  });
  place.replaceWith(button);
}
