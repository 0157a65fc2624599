// The panel below the text with names of people that were found in it. The editor confirms a name,
// which marks it, or rejects it. Both are stored when the release is saved.

import { alternatives, gettext, interpolate, ngettext } from "./translation.js";

const page = JSON.parse(document.getElementById("newsroom-editor")?.textContent ?? "null");
const row = document.querySelector(".field-body");
const field = document.querySelector("[name=rejected_names]");
const AROUND = 60; // characters of the text that are shown before and after a name

const element = (tag, properties = {}, children = []) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

if (page && row && field) {
  const state = element("p", { className: "help" });
  state.setAttribute("role", "status");
  const list = element("ul");
  const panel = element("section", { className: "names", tabIndex: -1 }, [
    element("h3", { id: "names-title", textContent: gettext("Names in the text") }), state, list,
  ]);
  panel.setAttribute("aria-labelledby", "names-title");
  row.append(panel);

  let rejected = [];
  try { rejected = JSON.parse(field.value) ?? []; } catch { /* no name was rejected yet */ }
  let text = null;
  let asked = 0;
  let pause;
  let pressed = false;

  const press = (label, action, target) => {
    const made = element("button", { type: "button", className: "button small", textContent: label });
    made.setAttribute("aria-label", interpolate(gettext("%(action)s: %(name)s"), { action: label, name: target }));
    made.addEventListener("click", action);
    return made;
  };
  const reject = (name, people) => {
    rejected.push(...(people.length ? people.map(({ id }) => [name, id]) : [[name, ""]]));
    field.value = JSON.stringify(rejected);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    look();
  };
  const mark = (place, { id, text: who }) => {
    pressed = true;
    document.dispatchEvent(new CustomEvent("newsroom:mark", { detail: { ...place, id, text: who } }));
    pressed = false;
  };
  const inContext = ({ name, paragraph, at }, { paragraphs }) => {
    let before = paragraphs[paragraph].slice(0, at);
    let behind = paragraphs[paragraph].slice(at + name.length);
    if (before.length > AROUND) before = `…${before.slice(-AROUND).replace(/^\S*\s/u, "")}`;
    if (behind.length > AROUND) behind = `${behind.slice(0, AROUND).replace(/\s\S*$/u, "")}…`;
    const parts = [before, element("b", { textContent: name }), behind];
    // The placeholder for nodes without text, such as line breaks: see piecesOf() in editor.js.
    return element("p", { dir: "auto" }, parts.map((part) => part.replaceAll?.("\ufffc", " ") ?? part));
  };
  const offer = ({ people, times, ...place }, shown) => element("li", {}, [
    inContext(place, shown),
    ...people.map((person) => element("p", { className: "who" }, [
      press(interpolate(gettext("This is %(name)s"), { name: person.text }), () => mark(place, person), [place.name, person.detail].filter(Boolean).join(", ")),
      element("span", { textContent: person.detail }),
    ])),
    element("p", { className: "who" }, [
      press(people.length > 1 ? gettext("None of these") : gettext("Someone else"), () => reject(place.name, people), place.name),
      element("span", { textContent: times > 1 ? interpolate(ngettext("named %(count)s time", "named %(count)s times", times), { count: times }) : "" }),
    ]),
  ]);
  const hint = ({ people, ...place }, shown) => element("li", { className: "hint" }, [
    inContext(place, shown),
    element("p", { className: "who" }, [
      element("span", {
        textContent: people.length
          ? interpolate(gettext("Possibly %(names)s, spelled differently"), { names: alternatives(people.map((person) => person.text)) })
          : gettext("Possibly a person without a record"),
      }),
      press(gettext("No"), () => reject(place.name, people), place.name),
    ]),
  ]);
  // If the focus was on a button in the list, it moves to the name that is now at this place.
  const show = (items) => {
    const last = [...list.children].findIndex((item) => item.contains(document.activeElement));
    list.replaceChildren(...items);
    if (last >= 0) (items[Math.min(last, items.length - 1)]?.querySelector("button") ?? panel).focus();
  };

  async function look() {
    const turn = ++asked;
    clearTimeout(pause);
    if (!text) return;
    const shown = text;
    state.textContent = gettext("Searching for names…");
    try {
      const answer = await fetch(page.names, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
        },
        body: JSON.stringify({
          paragraphs: shown.unmarked, people: shown.people, rejected, release: page.release,
        }),
      });
      if (turn !== asked) return;
      if (answer.status === 413) throw new Error(await answer.text());
      if (!answer.ok || answer.redirected) throw new Error(gettext("The name search failed. Check that you are still signed in. Your text is still on this page."));
      const { offers, hints } = await answer.json();
      show([...offers.map((each) => offer(each, shown)), ...hints.map((each) => hint(each, shown))]);
      const count = offers.length;
      state.textContent = count
        ? interpolate(ngettext("%(count)s name to confirm.", "%(count)s names to confirm.", count), { count })
        : gettext("No name to confirm.");
    } catch (problem) {
      if (turn === asked) {
        state.textContent = problem instanceof TypeError
          ? gettext("The server can’t be reached. The name search runs again at your next change. Your text is still on this page.")
          : problem.message;
      }
    }
  }
  document.addEventListener("newsroom:text", ({ detail }) => {
    const first = text === null;
    text = detail;
    clearTimeout(pause);
    pause = setTimeout(look, first || pressed ? 0 : 900);
  });
  // The editor may have sent its text before this script was listening.
  document.dispatchEvent(new CustomEvent("newsroom:report-text"));
}
