// Below the text: whom it probably names. Each is for the editor to confirm, which marks the name,
// or to reject; both are kept when the release is saved, and nothing before.

const page = JSON.parse(document.getElementById("newsroom-editor")?.textContent ?? "null");
const row = document.querySelector(".field-body");
const field = document.querySelector("[name=rejected_names]");

const element = (tag, properties = {}, children = []) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

if (page && row && field) {
  const state = element("p", { className: "help" });
  state.setAttribute("role", "status");
  const list = element("ul");
  const panel = element("section", { className: "names" }, [
    element("h3", { id: "names-title", textContent: "Names in the text" }), state, list,
  ]);
  panel.setAttribute("aria-labelledby", "names-title");
  row.append(panel);

  let rejected = [];
  try { rejected = JSON.parse(field.value) ?? []; } catch { /* nothing was rejected yet */ }
  let text = null;
  let asked = 0;
  let pause;

  const press = (label, deed, what) => {
    const made = element("button", { type: "button", className: "button small", textContent: label });
    made.setAttribute("aria-label", `${label}: ${what}`);
    made.addEventListener("click", deed);
    return made;
  };
  const reject = (name, people) => {
    rejected.push(...(people.length ? people.map(({ id }) => [name, id]) : [[name, ""]]));
    field.value = JSON.stringify(rejected);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    look();
  };
  const mark = (name, { id, text: who }) => {
    document.dispatchEvent(new CustomEvent("newsroom:mark", { detail: { name, id, text: who } }));
  };
  const inContext = ({ name, context }) => {
    const [before, ...behind] = context.split(name);
    const words = element("p", { dir: "auto" }, [before, element("b", { textContent: name }), behind.join(name)]);
    return behind.length ? words : element("p", { dir: "auto" }, [element("b", { textContent: name }), ` · ${context}`]);
  };
  const offer = ({ name, people, times, ...rest }) => element("li", {}, [
    inContext({ name, ...rest }),
    ...people.map((person) => element("p", { className: "who" }, [
      press(`This is ${person.text}`, () => mark(name, person), name),
      element("span", { textContent: person.detail }),
    ])),
    element("p", { className: "who" }, [
      press(people.length > 1 ? "None of them" : "Somebody else", () => reject(name, people), name),
      element("span", { textContent: times > 1 ? `named ${times} times` : "" }),
    ]),
  ]);
  const hint = ({ name, people, ...rest }) => element("li", { className: "hint" }, [
    inContext({ name, ...rest }),
    element("p", { className: "who" }, [
      element("span", {
        textContent: people.length
          ? `Perhaps ${people.map((person) => person.text).join(" or ")}, written differently?`
          : "Perhaps somebody whom we do not know yet.",
      }),
      press("No", () => reject(name, people), name),
    ]),
  ]);

  async function look() {
    const turn = ++asked;
    if (!text) return;
    state.textContent = "Looking for names…";
    try {
      const answer = await fetch(page.names, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
        },
        body: JSON.stringify({ ...text, rejected, release: page.release }),
      });
      if (turn !== asked) return;
      if (answer.status === 413) throw new Error(await answer.text());
      if (!answer.ok) throw new Error("The search for names did not answer. Are you still signed in? Your text is safe in this page.");
      const { offers, hints } = await answer.json();
      list.replaceChildren(...offers.map(offer), ...hints.map(hint));
      const some = offers.length === 1 ? "1 name" : `${offers.length} names`;
      state.textContent = offers.length ? `${some} to confirm.` : "No name to confirm.";
    } catch (problem) {
      if (turn === asked) {
        state.textContent = problem instanceof TypeError
          ? "The newsroom cannot be reached. Names are looked for again at the next change; your text is safe in this page."
          : problem.message;
      }
    }
  }
  document.addEventListener("newsroom:text", ({ detail }) => {
    const first = text === null;
    text = detail;
    clearTimeout(pause);
    pause = setTimeout(look, first ? 0 : 900);
  });
  // The editor may have told of its text before this was there to hear it.
  document.dispatchEvent(new CustomEvent("newsroom:tell"));
}
