// Suggestions below the search box while a reader types: a combobox with a list, as in ARIA 1.2.
// Without this script, the box is a form like any other.

const PAUSE = 120; // milliseconds after a key, before the server is asked
const MIN_LETTERS = 2; // in scripts without spaces between words, one is enough
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}]/u;

const form = document.querySelector(".search-box");
const box = form?.querySelector("input");

const element = (tag, attributes, children = []) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

if (box) {
  const { url, label, found } = form.dataset;
  const list = element("ul", { id: "suggestions", class: "suggestions", role: "listbox", "aria-label": label });
  const state = element("span", { class: "visually-hidden", role: "status" });
  list.hidden = true;
  form.append(list, state);
  const combobox = { role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": false };
  for (const [name, value] of Object.entries(combobox)) box.setAttribute(name, value);

  let suggestions = [];
  let chosen = -1; // the box itself
  let pause;
  let request;

  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", place === chosen));
    const option = list.children[chosen];
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const show = (some) => {
    suggestions = some;
    list.replaceChildren(...some.map(({ text, kind }, place) => {
      const words = element("span", { dir: "auto" }, [text]);
      return element("li", { id: `suggestion-${place}`, role: "option" }, [words, " ", element("span", { class: "kind" }, [kind])]);
    }));
    choose(-1);
    list.hidden = !some.length;
    box.setAttribute("aria-expanded", !list.hidden);
    state.textContent = some.length ? found.replace("{number}", some.length) : "";
  };
  const stop = () => {
    clearTimeout(pause);
    request?.abort();
  };
  const close = () => {
    stop();
    show([]);
  };
  const open = (number) => {
    const { url: address } = suggestions[number];
    close();
    location.assign(address);
  };
  const ask = async () => {
    stop();
    const typed = box.value.trim();
    if (typed.length < MIN_LETTERS && !UNSPACED.test(typed)) return show([]);
    const mine = request = new AbortController();
    try {
      const query = new URLSearchParams({ q: box.value });
      const answer = await fetch(`${url}?${query}`, { signal: mine.signal, credentials: "omit" });
      const some = answer.ok ? (await answer.json()).suggestions : [];
      if (mine === request && document.activeElement === box) show(some);
    } catch { // an older request was aborted, or the server can’t be reached
      if (mine === request && !mine.signal.aborted) show([]);
    }
  };

  box.addEventListener("input", () => {
    choose(-1); // Enter now searches for what is typed
    stop();
    pause = setTimeout(ask, PAUSE);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // the key belongs to an input method
    const places = suggestions.length + 1; // the box is one of them
    if (event.key === "Enter" && chosen >= 0) open(chosen);
    else if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "ArrowDown" && list.hidden) ask();
    else if (event.key === "ArrowDown") choose((chosen + 2) % places - 1);
    else if (event.key === "ArrowUp" && !list.hidden) choose((chosen + places) % places - 1);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) open([...list.children].indexOf(option));
  });
}
