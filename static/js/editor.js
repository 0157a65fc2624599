// The newsroom's own parts of the text editor: quotations with a speaker, names that are marked as
// somebody's, pictures of the library, and paste that comes out clean. The schema is that of
// releases/document; whatever this file lets in, the server cleans once more on every save.

import { Blockquote, Extension, Mark, Node, Plugin, mergeAttributes } from "django-prose-editor/editor";

// What the page says to the editor: addresses, and the names behind the ids in this text.
const page = JSON.parse(document.getElementById("newsroom-editor").textContent);
const names = new Map(Object.entries(page.people));
const pictures = new Map(Object.entries(page.pictures));

const element = (tag, properties = {}, children = []) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// What was typed is not lost to a link that leads away: the browser asks first.
const form = document.getElementById("release_form");
let unsaved = false;
form?.addEventListener("input", () => { unsaved = true; });
form?.addEventListener("submit", () => { unsaved = false; });
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// Ask the admin's search: `of` is a relation that leads to the thing looked for.
async function search(of, term) {
  const query = new URLSearchParams({ ...of, term });
  const answer = await fetch(`${page.search}?${query}`);
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).results;
}

const PEOPLE = { app_label: "releases", model_name: "quote", field_name: "speaker" };
const PICTURES = { app_label: "releases", model_name: "illustration", field_name: "asset" };

// A dialog that says why nothing was pasted; what was copied is still in the clipboard.
function say(words) {
  const form = element("form", { method: "dialog" }, [
    element("p", { textContent: words }),
    element("div", { className: "dialog-buttons" }, [
      element("button", { type: "submit", className: "default", textContent: "Close" }),
    ]),
  ]);
  const dialog = element("dialog", { className: "newsroom-dialog" }, [form]);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
// A dialog with a search field, its results, and further fields; resolves to what was chosen.
function choose({ title, of, term = "", chosen = null, fields = [], removable = false }) {
  return new Promise((resolve) => {
    const results = element("ul", { className: "found" });
    const state = element("p", { className: "found-state" });
    state.setAttribute("role", "status");
    const input = element("input", { type: "search", value: term, autocomplete: "off", id: "newsroom-search" });
    const picked = element("p", { className: "picked" });
    const extra = fields.map((field) => {
      const control = element("input", { type: "text", value: field.value, maxLength: 200, id: `newsroom-${field.name}` });
      const label = element("label", { htmlFor: control.id, textContent: field.label });
      const help = element("p", { className: "help", textContent: field.help });
      return { field, control, nodes: [label, control, help] };
    });
    const done = element("button", { type: "submit", className: "default", textContent: "Use" });
    const cancel = element("button", { type: "button", textContent: "Cancel" });
    const remove = element("button", { type: "button", textContent: "Remove the mark" });
    const form = element("form", { method: "dialog" }, [
      element("h2", { textContent: title }),
      element("label", { htmlFor: input.id, textContent: "Search" }),
      input, state, results, picked,
      ...extra.flatMap((each) => each.nodes),
      element("div", { className: "dialog-buttons" }, removable ? [done, remove, cancel] : [done, cancel]),
    ]);
    const dialog = element("dialog", { className: "newsroom-dialog" }, [form]);

    const pick = (item) => {
      chosen = item;
      picked.textContent = item ? `Chosen: ${item.text}${item.detail ? ` – ${item.detail}` : ""}` : "";
      done.disabled = !item;
    };
    let asked = 0;
    const look = async () => {
      const turn = ++asked;
      state.textContent = "Searching…";
      try {
        const found = await search(of, input.value.trim());
        if (turn !== asked) return;
        results.replaceChildren(...found.map((item) => {
          const button = element("button", { type: "button" });
          if (item.picture) button.append(element("img", { src: item.picture, alt: "" }));
          button.append(element("span", {}, [
            element("b", { textContent: item.text }),
            element("small", { textContent: item.detail ?? "" }),
          ]));
          button.addEventListener("click", () => pick(item));
          return element("li", {}, [button]);
        }));
        state.textContent = found.length ? "" : "Nothing found. New people and pictures are added in their own lists.";
      } catch {
        state.textContent = "The search did not answer. Are you still signed in? Your text is safe in this page.";
      }
    };
    let pause;
    input.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(look, 150); });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === input) {
        event.preventDefault();
        results.querySelector("button")?.click();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const stops = [input, ...results.querySelectorAll("button")];
        const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
        if (next) { event.preventDefault(); next.focus(); }
      }
    });
    const finish = (value) => { dialog.remove(); resolve(value); };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish({ item: chosen, ...Object.fromEntries(extra.map(({ field, control }) => [field.name, control.value.trim()])) });
    });
    cancel.addEventListener("click", () => finish(null));
    remove.addEventListener("click", () => finish({ item: null, removed: true }));
    dialog.addEventListener("cancel", () => finish(null));

    document.body.append(dialog);
    pick(chosen);
    dialog.showModal();
    input.select();
    look();
  });
}

// Other parts of the form ask for a picture of the library through the page.
document.addEventListener("newsroom:choose", async ({ detail }) => {
  const answer = await choose({ title: "Which picture?", of: PICTURES });
  if (answer?.item) detail(answer.item);
});

const dataAttribute = (name) => ({
  default: null,
  parseHTML: (dom) => dom.getAttribute(`data-${name}`),
  renderHTML: (attributes) => (attributes[name] ? { [`data-${name}`]: attributes[name] } : {}),
});

const button = (label, hint) => {
  const made = element("button", { type: "button", className: "prose-menubar__button newsroom-button", textContent: label, title: hint });
  return made;
};

// A quotation: paragraphs alone, and whose words they are.
export const Quotation = Blockquote.extend({
  content: "paragraph+",

  addAttributes() {
    return { speaker: dataAttribute("speaker"), name: dataAttribute("name"), title: dataAttribute("title") };
  },

  addNodeView() {
    return ({ node, editor, getPos }) => {
      const line = element("button", { type: "button", contentEditable: "false" });
      const words = element("div", { className: "quotation-words" });
      const dom = element("blockquote", {}, [words, line]);
      const show = ({ attrs }) => {
        dom.classList.toggle("unattributed", !attrs.speaker);
        const who = attrs.speaker ? names.get(attrs.speaker) ?? "A person" : attrs.name;
        const title = attrs.title ? `, ${attrs.title}` : "";
        line.textContent = attrs.speaker
          ? `– ${who}${title} · change`
          : who ? `– ${who}${title}: confirm who this is` : "Whose words are these? Choose the speaker";
      };
      show(node);
      line.addEventListener("click", async () => {
        const { attrs } = node;
        const answer = await choose({
          title: "Who says this?",
          of: PEOPLE,
          term: attrs.speaker ? "" : attrs.name ?? "",
          chosen: attrs.speaker ? { id: attrs.speaker, text: names.get(attrs.speaker) ?? "" } : null,
          fields: [{
            name: "title", label: "Title printed in this release", value: attrs.title ?? "",
            help: "Empty: the title the person holds on the day of the release.",
          }],
        });
        if (!answer?.item) return;
        names.set(answer.item.id, answer.item.text);
        editor.chain().focus().command(({ tr }) => {
          tr.setNodeMarkup(getPos(), undefined, { speaker: answer.item.id, name: null, title: answer.title || null });
          return true;
        }).run();
      });
      return {
        dom,
        contentDOM: words,
        ignoreMutation: (mutation) => mutation.type !== "selection" && !words.contains(mutation.target),
        stopEvent: (event) => line.contains(event.target),
        update(next) {
          if (next.type.name !== node.type.name) return false;
          node = next;
          show(next);
          return true;
        },
      };
    };
  },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "quotation",
      groups: "newsroom",
      command: (editor) => editor.chain().focus().toggleBlockquote().run(),
      active: (editor) => editor.isActive("blockquote"),
      button: button("Quotation", "Make the marked paragraphs one quotation"),
    });
  },
});

// The blocks of text as plain words. Whatever is no text is as long as it is in the document, and
// so is a marked name where only the rest is asked for: nobody is looked for in it again.
function wordsOf(block, unmarkedOnly = false) {
  let words = "";
  block.forEach((node) => {
    const hidden = unmarkedOnly && node.marks.some((mark) => mark.attrs.person);
    words += node.isText && !hidden ? node.text : "\ufffc".repeat(node.nodeSize);
  });
  return words;
}

function tellText(editor) {
  const paragraphs = [];
  const unmarked = [];
  const people = new Set();
  editor.state.doc.descendants((node) => {
    if (node.isTextblock) {
      paragraphs.push(wordsOf(node));
      unmarked.push(wordsOf(node, true));
    }
    if (node.attrs.speaker) people.add(node.attrs.speaker);
    for (const mark of node.marks) if (mark.attrs.person) people.add(mark.attrs.person);
  });
  document.dispatchEvent(new CustomEvent("newsroom:text", { detail: { paragraphs, unmarked, people: [...people] } }));
}

// Where a name that was found in the text of tellText stands, if it still does and is not marked.
function placeOf(doc, { name, paragraph, at }) {
  let place = null;
  let number = 0;
  doc.descendants((node, pos) => {
    if (!node.isTextblock) return true;
    if (number++ === paragraph && wordsOf(node, true).startsWith(name, at)) {
      place = { from: pos + 1 + at, to: pos + 1 + at + name.length };
    }
    return false;
  });
  return place;
}

// A name that is marked as a person's.
export const Mention = Mark.create({
  name: "mention",
  inclusive: false,
  excludes: "mention",
  addAttributes() {
    return { person: dataAttribute("person") };
  },
  parseHTML: () => [{ tag: "span[data-person]" }],
  renderHTML: ({ HTMLAttributes }) => ["span", HTMLAttributes, 0],

  // The panel of names below the text (names.js) is told of every change, and asks for marks.
  addStorage: () => ({ listening: new AbortController(), pause: undefined }),
  onCreate() {
    const { signal } = this.storage.listening;
    tellText(this.editor);
    document.addEventListener("newsroom:tell", () => tellText(this.editor), { signal });
    document.addEventListener("newsroom:mark", ({ detail }) => {
      const place = placeOf(this.editor.state.doc, detail);
      if (!place) return;
      names.set(detail.id, detail.text);
      // Neither caret nor focus moves: the next name is confirmed where this one was.
      this.editor.commands.command(({ tr, state }) => {
        tr.addMark(place.from, place.to, state.schema.marks.mention.create({ person: detail.id }));
        return true;
      });
    }, { signal });
  },
  // The whole text is read for it: once in a pause, not at each key.
  onUpdate() {
    clearTimeout(this.storage.pause);
    this.storage.pause = setTimeout(() => tellText(this.editor), 150);
  },
  onDestroy() {
    clearTimeout(this.storage.pause);
    this.storage.listening.abort();
  },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "mention",
      groups: "newsroom",
      enabled: (editor) => !editor.state.selection.empty || editor.isActive("mention"),
      active: (editor) => editor.isActive("mention"),
      button: button("Name", "Mark a name as a person’s: select it first"),
      async command(editor) {
        const marked = editor.isActive("mention");
        if (marked) editor.commands.extendMarkRange("mention");
        const { from, to } = editor.state.selection;
        const answer = await choose({
          title: "Whose name is this?",
          of: PEOPLE,
          term: editor.state.doc.textBetween(from, to),
          removable: marked,
        });
        if (!answer) return;
        const chain = editor.chain().focus().setTextSelection({ from, to });
        if (answer.removed) chain.unsetMark("mention").run();
        else if (answer.item) {
          names.set(answer.item.id, answer.item.text);
          chain.setMark("mention", { person: answer.item.id }).run();
        }
      },
    });
  },
});

// Below the block with the caret: it splits no sentence, and replaces nothing that is selected.
function insertBelow(editor, asset) {
  const { $to } = editor.state.selection;
  const place = $to.depth ? $to.after(1) : $to.pos;
  editor.chain().focus().insertContentAt(place, { type: "figure", attrs: { asset } }).run();
}

// A picture of the library: the text holds only which one.
export const LibraryPicture = Node.create({
  name: "figure",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes() {
    return { asset: dataAttribute("asset") };
  },
  parseHTML: () => [{ tag: "figure[data-asset]" }],
  renderHTML: ({ HTMLAttributes }) => ["figure", mergeAttributes(HTMLAttributes)],

  addNodeView() {
    return ({ node }) => {
      const known = pictures.get(node.attrs.asset) ?? {};
      const children = [element("figcaption", { textContent: known.text ?? "A picture of the library" })];
      if (known.picture) children.unshift(element("img", { src: known.picture, alt: "" }));
      return { dom: element("figure", { contentEditable: "false" }, children) };
    };
  },

  // "Into the text", pressed beside a picture that was just uploaded.
  addStorage: () => ({ listening: new AbortController() }),
  onCreate() {
    document.addEventListener("newsroom:insert", ({ detail }) => {
      pictures.set(detail.id, detail);
      insertBelow(this.editor, detail.id);
    }, { signal: this.storage.listening.signal });
  },
  onDestroy() { this.storage.listening.abort(); },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "figure",
      groups: "newsroom",
      active: (editor) => editor.isActive("figure"),
      button: button("Picture", "Put a picture of the library here"),
      async command(editor) {
        const answer = await choose({ title: "Which picture?", of: PICTURES });
        if (!answer?.item) return;
        pictures.set(answer.item.id, answer.item);
        insertBelow(editor, answer.item.id);
      },
    });
  },
});

// Paste from Word, Google Docs or a web page: the server cleans it, by the rules that it saves by.
export const CleanPaste = Extension.create({
  name: "cleanPaste",
  // Both editors of the form have this part; each is called as its field is.
  onCreate() {
    const dom = this.editor.view.dom;
    const label = dom.closest(".form-row")?.querySelector("label")?.textContent.replace(":", "").trim();
    if (label) dom.setAttribute("aria-label", label);
  },
  // Where each paste belongs, while the server cleans it: what is typed meanwhile moves the place.
  addStorage: () => ({ places: new Set() }),
  onTransaction({ transaction }) {
    for (const each of this.storage.places) each.place = each.place.map(transaction.mapping);
  },
  addProseMirrorPlugins() {
    let cleaned = false;
    const { places } = this.storage;
    const follow = (view) => {
      const followed = { place: view.state.selection.getBookmark() };
      places.add(followed);
      return followed;
    };
    // Put something where it was pasted; a caret that is elsewhere by now stays there.
    const put = (view, pasted, insert) => {
      places.delete(pasted);
      if (view.isDestroyed) return;
      const { state } = view;
      const place = pasted.place.resolve(state.doc);
      const here = place.eq(state.selection) ? null : follow(view);
      view.dispatch(state.tr.setSelection(place));
      cleaned = true;
      try { insert(); } finally { cleaned = false; }
      if (!here) return;
      places.delete(here);
      view.dispatch(view.state.tr.setSelection(here.place.resolve(view.state.doc)));
    };
    return [
      new Plugin({
        props: {
          handlePaste(view, event) {
            const html = event?.clipboardData?.getData("text/html");
            // Copied inside the editor, it is in the schema already.
            if (cleaned || !html || html.includes("data-pm-slice")) return false;
            const text = event.clipboardData.getData("text/plain");
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const pasted = follow(view);
            fetch(page.paste, { method: "POST", headers: { "X-CSRFToken": token, "Content-Type": "text/html" }, body: html })
              .then(async (answer) => {
                if (answer.status === 413) {
                  places.delete(pasted);
                  return say(await answer.text());
                }
                // Without a session the answer is the page to sign in.
                if (!answer.ok || answer.redirected) throw new Error(answer.status);
                const clean = await answer.text();
                put(view, pasted, () => view.pasteHTML(clean));
              })
              .catch(() => {
                if (!places.has(pasted)) throw new Error("The cleaned text could not be inserted.");
                put(view, pasted, () => view.pasteText(text));
                say("The newsroom did not answer, so what you pasted stands here as plain text, without headings, links and emphasis. Are you still signed in? Undo, and paste again later, if you need them.");
              });
            return true;
          },
        },
      }),
    ];
  },
});
