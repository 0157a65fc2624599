// The form of one picture: editors set the focal point on the picture, see all crops, and copy metadata
// of the file into fields with buttons. Nothing is saved before they save the form.

import { gettext, interpolate, percent } from "./translation.js";

// --- The focal point -----------------------------------------------------------------------------

const focus = document.querySelector("[data-focus]");
const fields = ["x", "y"].map((axis) => document.querySelector(`[name=focus_${axis}]`));
if (focus && fields.every(Boolean)) {
  const picture = focus.querySelector(".focus-picture");
  const image = picture.querySelector("img");
  const point = document.createElement("button");
  point.type = "button";
  point.className = "focus-point";
  picture.append(point);

  const clamped = (value) => Math.min(1, Math.max(0, value));
  const read = () => fields.map((field) => clamped(parseFloat(field.value.replace(",", ".")) || 0));
  // As in assets/pictures.py, a crop is centred on the focal point and moved inside the picture.
  const show = () => {
    const [x, y] = read();
    point.style.left = `${x * 100}%`;
    point.style.top = `${y * 100}%`;
    const place = { x: percent(x), y: percent(y) };
    point.setAttribute("aria-label", interpolate(gettext("Focal point: %(x)s from the left, %(y)s from the top. Use the arrow keys to move it."), place));
    const wide = image.naturalWidth || image.width;
    const high = image.naturalHeight || image.height;
    for (const cut of focus.querySelectorAll(".cut")) {
      const box = cut.getBoundingClientRect();
      if (!box.height) continue;
      const ratio = box.width / box.height;
      const [across, down] = [Math.min(wide, high * ratio), Math.min(high, wide / ratio)];
      const part = (at, whole, shown) =>
        whole > shown ? clamped((at * whole - shown / 2) / (whole - shown)) : 0.5;
      cut.querySelector("img").style.objectPosition = `${part(x, wide, across) * 100}% ${part(y, high, down) * 100}%`;
    }
  };
  const set = (x, y) => {
    [x, y].forEach((value, axis) => { fields[axis].value = clamped(value).toFixed(2); });
    show();
  };
  picture.addEventListener("click", (event) => {
    if (event.target === point) return;
    const box = image.getBoundingClientRect();
    set((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    point.focus();
  });
  point.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = read();
    set(x + step[0] / 100, y + step[1] / 100);
  });
  fields.forEach((field) => field.addEventListener("input", show));
  image.addEventListener("load", show);
  window.addEventListener("resize", show);
  show();
}

// --- People shown ----------------------------------------------------------------------------

// The search field of the admin's autocomplete widget has no label. The admin's script creates the
// field, before or after this script runs.
function labelSearchFields() {
  for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
    const label = field.closest(".form-row")?.querySelector("label")?.textContent.replace(":", "").trim();
    if (label) field.setAttribute("aria-label", label);
  }
}
labelSearchFields();
new MutationObserver(labelSearchFields).observe(document.body, { childList: true, subtree: true });

// --- Embedded metadata ----------------------------------------------------------------------------

const data = document.getElementById("offers");
const offers = data ? JSON.parse(data.textContent) : {};
const buttons = [];
for (const [name, words] of Object.entries(offers)) {
  const place = document.querySelector(`[data-offer=${name}] dd`);
  // A date and time has two fields.
  const field = document.querySelector(`[name=${name}], [name=${name}_0]`);
  const time = document.querySelector(`[name=${name}_1]`);
  if (!place || !field) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = gettext("Use");
  const label = field.labels?.[0]?.textContent.replace(":", "") ?? name;
  button.setAttribute("aria-label", interpolate(gettext("Use as %(field)s"), { field: label }));
  button.addEventListener("click", () => {
    [field.value] = time ? words.split(" ") : [words];
    if (time) [, time.value] = words.split(" ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    button.textContent = gettext("Used");
    button.disabled = true;
  });
  place.append(" ", button);
  buttons.push(button);
}
if (buttons.length > 1) {
  const all = document.createElement("button");
  all.type = "button";
  all.className = "button small";
  all.textContent = gettext("Fill all blank fields");
  all.addEventListener("click", () => {
    buttons.filter((button) => !button.disabled).forEach((button) => button.click());
    all.disabled = true;
  });
  document.querySelector(".found-in-file").before(all);
}
