// A button beside each address that is to be copied; without JavaScript it can be selected.

for (const place of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(place.dataset.copies);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  });
  place.replaceWith(button);
}
