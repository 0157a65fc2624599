// The key “/” moves the focus to the search box at the top of the desk, unless somebody is typing.
// Shift is allowed, because some keyboards need it for this key.

const box = document.getElementById("desk-search-box");

const isField = (element) =>
  element?.isContentEditable || element?.matches("input, select, textarea, [role=textbox], [role=combobox]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.isComposing || event.defaultPrevented || !box) return;
  if (isField(document.activeElement) || document.querySelector("dialog[open]")) return;
  event.preventDefault(); // otherwise the key is typed into the box
  box.focus();
  box.select();
});
