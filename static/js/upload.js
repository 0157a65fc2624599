// Uploads files that are dropped or chosen, one after the other. Each one shows its progress, then its
// error or picture, and its status until processing ends. Without JavaScript, the form sends all files
// in one request.

import { gettext, interpolate, percent } from "./translation.js";

// One upload at a time: parallel uploads share the bandwidth, and each would seem slow.
let queue = Promise.resolve();

export function send(file, { part, into, release, token, list }) {
  const item = document.createElement("li");
  item.className = "upload sending";
  const name = document.createElement("b");
  name.textContent = file.name;
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute("aria-label", interpolate(gettext("Uploading %(name)s"), { name: file.name }));
  const words = document.createElement("p");
  words.textContent = gettext("Waiting");
  item.append(name, progress, words);
  list.append(item);
  queue = queue.then(() => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${list.dataset.uploads}?part=${part}`);
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      progress.value = event.loaded / event.total;
      words.textContent = event.loaded < event.total ? percent(progress.value) : gettext("Checking the file");
    });
    const fail = (why) => {
      item.classList.replace("sending", "refused");
      progress.remove();
      words.className = "problem";
      words.textContent = why;
      done();
    };
    request.addEventListener("load", () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      if (![200, 400].includes(request.status) || !type.startsWith("text/html") || !request.responseText.includes("upload")) {
        fail([413, 429, 503].includes(request.status) && type.startsWith("text/plain")
          ? request.responseText
          : request.status === 413
          ? gettext("The file is too large.")
          : request.status === 503
          ? gettext("The file can’t be saved at the moment. Try again in a minute.")
          : gettext("The upload failed. Check that you are still signed in, reload the page and choose the file again."));
        return;
      }
      const shown = replace(item, request.responseText);
      list.dispatchEvent(new CustomEvent("uploaded", { bubbles: true, detail: shown }));
      done();
    });
    request.addEventListener("error", () => fail(gettext("The connection was lost. Choose the file again.")));
    const body = new FormData();
    body.append("file", file);
    if (into) body.append("into", into);
    if (release) body.append("release", release);
    request.send(body);
  }));
  return queue;
}

function replace(item, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const shown = holder.content.querySelector("li") ?? item;
  item.replaceWith(shown);
  watch(shown);
  return shown;
}

// Poll the server until a file is processed or has failed.
export function watch(item) {
  if (!["waiting", "making"].includes(item.dataset.state)) return;
  const part = item.querySelector("[name=attached]") ? "attached" : "upload";
  setTimeout(async () => {
    if (!item.isConnected) return;
    try {
      const address = item.closest("[data-uploads]").dataset.uploads;
      const answer = await fetch(`${address}?part=${part}&id=${item.dataset.id}`);
      if (answer.status === 429 || answer.status >= 500) throw new Error(answer.status); // the catch block polls again
      const html = await answer.text();
      // Without a session, the response is the sign-in page.
      if (!answer.ok || answer.redirected || !html.includes("data-state")) return stop(item);
      const shown = replace(item, html);
      shown.dispatchEvent(new CustomEvent("picture-described", { bubbles: true }));
    } catch {
      watch(item);
    }
  }, 1000);
}

// Show that polling has ended: the status on the page may be out of date.
function stop(item) {
  const words = document.createElement("p");
  words.className = "problem";
  words.setAttribute("role", "alert");
  words.textContent = gettext("The status could not be loaded. Check that you are still signed in, then reload this page.");
  item.append(words);
}

// Upload the files that are dropped on an area or chosen in its field.
export function accept(area, options) {
  const field = area.querySelector("input[type=file]");
  const take = (files) => { for (const file of files) send(file, options(file)); };
  field?.addEventListener("change", () => { take(field.files); field.value = ""; });
  let inside = 0;
  const over = (on) => { inside = on; area.classList.toggle("over", inside > 0); };
  area.addEventListener("dragenter", (event) => { event.preventDefault(); over(inside + 1); });
  area.addEventListener("dragover", (event) => event.preventDefault());
  area.addEventListener("dragleave", () => over(inside - 1));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    over(0);
    take(event.dataTransfer.files);
  });
}

const page = document.querySelector("[data-drop=upload]");
if (page) {
  // Submit the form for embedded metadata in the background, so that other uploads stay on the page.
  document.querySelector(".uploads").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch(`${form.action}?part=upload`, { method: "POST", body: new FormData(form) });
    if (answer.ok) replace(form.closest(".upload"), await answer.text());
    else form.submit();
  });
  page.querySelector("[data-without-script]").hidden = true;
  const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
  const list = document.querySelector(".uploads");
  accept(page, () => ({ part: "upload", token, list }));
  list.querySelectorAll(".upload").forEach(watch);
}
