// The files of a release on its form: upload by drag and drop, sort, choose the poster, insert.

import { gettext, interpolate } from "./translation.js";
import { accept, watch } from "./upload.js";

const area = document.querySelector("[data-drop=attached]");
const list = area?.querySelector(".attached");
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;

const changed = () => list.dispatchEvent(new Event("input", { bubbles: true }));

const button = (label, act) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button small";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
};

function makePoster({ id, text }) {
  const select = document.querySelector("select[name=poster]");
  if (![...select.options].some((option) => option.value === id)) select.append(new Option(text, id));
  select.value = id;
  window.django.jQuery(select).trigger("change");
  changed();
}

function addTools(item) {
  const { id, text, picture, kind } = item.dataset;
  if (!id || item.querySelector(".attached-tools")) return;
  const entries = list.querySelectorAll(`[data-id="${id}"]`);
  if (entries.length > 1) entries[0].remove();
  const tools = document.createElement("p");
  tools.className = "attached-tools";
  if (kind === "image") {
    tools.append(
      button(gettext("Use as poster"), () => makePoster({ id, text })),
      button(gettext("Insert into text"), () => document.dispatchEvent(new CustomEvent("newsroom:insert", { detail: { id, text, picture } }))),
    );
  }
  const up = button(gettext("Up"), () => { item.previousElementSibling?.before(item); up.focus(); changed(); });
  tools.append(up, button(gettext("Remove"), () => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    (next?.querySelector("button") ?? area.querySelector("input[type=file]")).focus();
    changed();
  }));
  up.setAttribute("aria-label", interpolate(gettext("Move %(name)s up"), { name: text }));
  item.querySelector("div").append(tools);
}

if (list) {
  accept(area, () => ({ part: "attached", release: list.dataset.release, token, list }));
  list.addEventListener("uploaded", ({ detail }) => { addTools(detail); changed(); });
  list.addEventListener("picture-described", ({ target }) => addTools(target));
  list.querySelectorAll("li").forEach((item) => { addTools(item); watch(item); });

  const fromLibrary = area.querySelector("[data-from-library]");
  fromLibrary.hidden = false;
  fromLibrary.addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("newsroom:choose", {
      detail: async ({ id }) => {
        const answer = await fetch(`${list.dataset.uploads}?part=attached&id=${id}`);
        if (!answer.ok) return;
        list.insertAdjacentHTML("beforeend", await answer.text());
        addTools(list.lastElementChild);
        changed();
      },
    }));
  });
}

// An imported release can have a poster without a file. Show a field to upload the file.
const { posterWithoutFile } = JSON.parse(document.getElementById("newsroom-editor")?.textContent ?? "{}");
const row = document.querySelector(".field-poster");
if (posterWithoutFile && row && list) {
  const drop = document.createElement("div");
  drop.className = "drop";
  const words = document.createElement("label");
  const { text } = posterWithoutFile;
  words.textContent = `${interpolate(gettext("“%(name)s” has no file yet. Drop it here or choose one:"), { name: text })} `;
  const field = Object.assign(document.createElement("input"), { type: "file", id: "poster-file" });
  words.htmlFor = field.id;
  const uploads = Object.assign(document.createElement("ul"), { className: "uploads" });
  uploads.dataset.uploads = list.dataset.uploads;
  drop.append(words, field, uploads);
  row.append(drop);
  accept(drop, () => ({ part: "upload", into: posterWithoutFile.id, release: list.dataset.release, token, list: uploads }));
  uploads.addEventListener("uploaded", ({ detail }) => {
    const { id } = detail.dataset;
    if (id && id !== posterWithoutFile.id) makePoster({ id, text: detail.querySelector("b").textContent });
    if (id) { words.remove(); field.remove(); }
  });
}
