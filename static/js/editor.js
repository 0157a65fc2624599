// Pressroom's extensions of the text editor: quotations with a speaker, names linked to a person, and
// pictures from the library. The schema matches releases/document. The server cleans every save.

import { Blockquote, Mark, Node, mergeAttributes } from "django-prose-editor/editor";
import { element, placeBelow } from "./dialog.js";
import { gettext, interpolate } from "./translation.js";

// Data from the page: addresses, and the names and pictures for the IDs in this text.
const page = JSON.parse(document.getElementById("newsroom-editor").textContent);
const names = new Map(Object.entries(page.people));
const pictures = new Map(Object.entries(page.pictures));

// If there are unsaved changes, the browser asks before it leaves the page.
const form = document.getElementById("release_form");
let unsaved = false;
form?.addEventListener("input", () => { unsaved = true; });
form?.addEventListener("submit", () => { unsaved = false; });
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// Use the admin's autocomplete view. `of` is a foreign key to the searched model.
async function search(of, term) {
  const query = new URLSearchParams({ ...of, term });
  const answer = await fetch(`${page.search}?${query}`);
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).results;
}

const PEOPLE = { app_label: "releases", model_name: "quote", field_name: "speaker" };
const PICTURES = { app_label: "releases", model_name: "illustration", field_name: "asset" };

// A dialog with a search field, its results, and extra fields. Resolves to the choice and the values of
// these fields, or to null if cancelled.
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
    const done = element("button", { type: "submit", className: "default", textContent: gettext("Use") });
    const cancel = element("button", { type: "button", textContent: gettext("Cancel") });
    const remove = element("button", { type: "button", textContent: gettext("Remove the mark") });
    const form = element("form", { method: "dialog" }, [
      element("h2", { textContent: title }),
      element("label", { htmlFor: input.id, textContent: gettext("Search") }),
      input, state, results, picked,
      ...extra.flatMap((each) => each.nodes),
      element("div", { className: "dialog-buttons" }, removable ? [done, remove, cancel] : [done, cancel]),
    ]);
    const dialog = element("dialog", { className: "newsroom-dialog" }, [form]);

    const pick = (item) => {
      chosen = item;
      const text = item?.detail ? gettext("Chosen: %(name)s – %(detail)s") : gettext("Chosen: %(name)s");
      picked.textContent = item ? interpolate(text, { name: item.text, detail: item.detail }) : "";
      done.disabled = !item;
    };
    let asked = 0;
    const look = async () => {
      const turn = ++asked;
      state.textContent = gettext("Searching…");
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
        state.textContent = found.length ? "" : gettext("No results. Add new people and pictures in their own lists.");
      } catch {
        state.textContent = gettext("The search failed. Check that you are still signed in. Your text is still on this page.");
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

// Other parts of the form request a picture from the library with this event.
document.addEventListener("newsroom:choose", async ({ detail }) => {
  const answer = await choose({ title: gettext("Choose a picture"), of: PICTURES });
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

// A quotation: only paragraphs, with their speaker.
export const Quotation = Blockquote.extend({
  content: "paragraph+",

  // Notes to editors print no speaker, so the editor does not ask for one there.
  addOptions() { return { ...this.parent?.(), asks: true }; },

  addAttributes() {
    return { speaker: dataAttribute("speaker"), name: dataAttribute("name"), title: dataAttribute("title") };
  },

  addNodeView() {
    if (!this.options.asks) return null;
    return ({ node, editor, getPos }) => {
      const line = element("button", { type: "button", contentEditable: "false" });
      const words = element("div", { className: "quotation-words" });
      const dom = element("blockquote", {}, [words, line]);
      const show = ({ attrs }) => {
        dom.classList.toggle("unattributed", !attrs.speaker);
        const name = attrs.speaker ? names.get(attrs.speaker) ?? gettext("Unknown person") : attrs.name;
        const { title } = attrs;
        const speaker = title ? interpolate(gettext("%(name)s, %(title)s"), { name, title }) : name;
        if (attrs.speaker) line.textContent = interpolate(gettext("– %(speaker)s · change"), { speaker });
        else if (name) line.textContent = interpolate(gettext("– %(speaker)s: confirm who this is"), { speaker });
        else line.textContent = gettext("No speaker yet: choose the speaker");
      };
      show(node);
      line.addEventListener("click", async () => {
        const { attrs } = node;
        const answer = await choose({
          title: gettext("Choose the speaker"),
          of: PEOPLE,
          term: attrs.speaker ? "" : attrs.name ?? "",
          chosen: attrs.speaker ? { id: attrs.speaker, text: names.get(attrs.speaker) ?? "" } : null,
          fields: [{
            name: "title", label: gettext("Title shown in this release"), value: attrs.title ?? "",
            help: gettext("Leave blank to use the person’s title on the day of the release."),
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
      priority: 96,
      command: (editor) => editor.chain().focus().toggleBlockquote().run(),
      active: (editor) => editor.isActive("blockquote"),
      enabled: (editor) => editor.can().toggleBlockquote(),
      button: button(gettext("Quotation"), gettext("Turn the selected paragraphs into a quotation")),
    });
  },
});

// The text in which the server searches for names: each block without its footnotes, then each of its
// footnotes. Placeholders of the same length replace left-out nodes, so that positions match the
// document. In `unmarked`, they also replace marked names, which are not searched for again.
function piecesOf(doc) {
  const pieces = [];
  doc.descendants((block, pos) => {
    if (!block.isTextblock) return true;
    const text = { at: pos + 1, words: "", unmarked: "" };
    const notes = [];
    block.forEach((node, offset) => {
      const left = "\ufffc".repeat(node.nodeSize);
      const words = node.isText ? node.text : left;
      const number = node.marks.find((mark) => mark.type.name === "footnote")?.attrs.number;
      let piece = text;
      if (number) {
        text.words += left;
        text.unmarked += left;
        if (notes.at(-1)?.number !== number || notes.at(-1).at + notes.at(-1).words.length !== pos + 1 + offset) {
          notes.push({ number, at: pos + 1 + offset, words: "", unmarked: "" });
        }
        piece = notes.at(-1);
      }
      piece.words += words;
      piece.unmarked += node.marks.some((mark) => mark.attrs.person) ? left : words;
    });
    pieces.push(text, ...notes);
    return false;
  });
  return pieces;
}

function reportText(editor) {
  const { doc } = editor.state;
  const pieces = piecesOf(doc);
  const people = new Set();
  doc.descendants((node) => {
    if (node.attrs.speaker) people.add(node.attrs.speaker);
    for (const mark of node.marks) if (mark.attrs.person) people.add(mark.attrs.person);
  });
  document.dispatchEvent(new CustomEvent("newsroom:text", { detail: {
    paragraphs: pieces.map((piece) => piece.words),
    unmarked: pieces.map((piece) => piece.unmarked),
    people: [...people],
  } }));
}

// The range of a name that was found in the text of reportText, or null if the text has changed there
// or the name is already marked.
function placeOf(doc, { name, paragraph, at }) {
  const piece = piecesOf(doc)[paragraph];
  if (!piece?.unmarked.startsWith(name, at)) return null;
  return { from: piece.at + at, to: piece.at + at + name.length };
}

// A name that is linked to a person.
export const Mention = Mark.create({
  name: "mention",
  priority: 950, // inside links, outside bold: see schema.js
  inclusive: false,
  excludes: "mention",
  addAttributes() {
    return { person: dataAttribute("person") };
  },
  parseHTML: () => [{ tag: "span[data-person]" }],
  renderHTML: ({ HTMLAttributes }) => ["span", HTMLAttributes, 0],

  // The panel of names below the text (names.js) receives every change, and requests marks.
  addStorage: () => ({ listening: new AbortController(), pause: undefined }),
  onCreate() {
    const { signal } = this.storage.listening;
    reportText(this.editor);
    document.addEventListener("newsroom:report-text", () => reportText(this.editor), { signal });
    document.addEventListener("newsroom:mark", ({ detail }) => {
      const place = placeOf(this.editor.state.doc, detail);
      if (!place) return;
      names.set(detail.id, detail.text);
      // Caret and focus stay in place, so that the editor can confirm the next name.
      this.editor.commands.command(({ tr, state }) => {
        tr.addMark(place.from, place.to, state.schema.marks.mention.create({ person: detail.id }));
        return true;
      });
    }, { signal });
  },
  // This reads the whole text, so it waits for a pause in typing.
  onUpdate() {
    clearTimeout(this.storage.pause);
    this.storage.pause = setTimeout(() => reportText(this.editor), 150);
  },
  onDestroy() {
    clearTimeout(this.storage.pause);
    this.storage.listening.abort();
  },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "mention",
      groups: "newsroom",
      priority: 95,
      enabled: (editor) => !editor.state.selection.empty || editor.isActive("mention"),
      active: (editor) => editor.isActive("mention"),
      button: button(gettext("Name"), gettext("Link the selected name to a person")),
      async command(editor) {
        const marked = editor.isActive("mention");
        if (marked) editor.commands.extendMarkRange("mention");
        const { from, to } = editor.state.selection;
        const answer = await choose({
          title: gettext("Choose the person"),
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

function insertBelow(editor, asset) {
  editor.chain().focus().insertContentAt(placeBelow(editor.state.selection), { type: "figure", attrs: { asset } }).run();
}

// A picture from the library. The text contains only its ID.
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
      const children = [element("figcaption", { textContent: known.text ?? gettext("Picture from the library") })];
      if (known.picture) children.unshift(element("img", { src: known.picture, alt: "" }));
      return { dom: element("figure", { contentEditable: "false" }, children) };
    };
  },

  // For the button "Insert into text" of an uploaded picture: see attached.js.
  addStorage: () => ({ listening: new AbortController() }),
  onCreate() {
    // The bundle treats a text with only a picture as empty, and would send nothing.
    this.editor.on("update", ({ editor }) => {
      const { doc } = editor.state;
      if (doc.childCount > 1 || doc.firstChild.type.name !== this.name) return;
      editor.view.dom.closest(".prose-editor").querySelector("textarea").value = editor.getHTML();
    });
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
      priority: 94,
      active: (editor) => editor.isActive("figure"),
      button: button(gettext("Picture"), gettext("Insert a picture from the library")),
      async command(editor) {
        const answer = await choose({ title: gettext("Choose a picture"), of: PICTURES });
        if (!answer?.item) return;
        pictures.set(answer.item.id, answer.item);
        insertBelow(editor, answer.item.id);
      },
    });
  },
});
