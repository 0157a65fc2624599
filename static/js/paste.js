// Paste and drop. The server cleans what comes from outside this editor by the rules for saving, and
// reports what it left out or changed. The report stays below the text until it is closed.

import { Extension, Plugin, pm } from "django-prose-editor/editor";
import { element, placeBelow } from "./dialog.js";
import { gettext } from "./translation.js";

const { DOMParser: Parser, DOMSerializer, Fragment, Slice } = pm.model;
const { TextSelection } = pm.state;
const page = JSON.parse(document.getElementById("newsroom-editor").textContent);

// Pieces that are copied from an editor carry a mark that other pages do not know: other editors of
// the same family (wikis, ticket systems) write data-pm-slice as well, and hide words in it.
const MARK = "data-newsroom-slice";
const secret = (() => {
  const made = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
  try {
    // All windows of this newsroom share it.
    const known = localStorage.getItem(MARK) ?? made();
    localStorage.setItem(MARK, known);
    return known;
  } catch {
    return made(); // without storage, each window has its own
  }
})();

// A photograph that stands in the clipboard as text is megabytes that the server would not read.
// (One expression for all of it would need more stack than a browser has.)
const withoutFiles = (html) => html.split(";base64,").map((part, number) => {
  const end = number ? part.search(/[^A-Za-z0-9+/=]/) : 0;
  const length = end < 0 ? part.length : end;
  return length < 100 ? part : part.slice(length);
}).join(";base64,");

// Forms wait for what is still being cleaned: nobody saves a text without what was just pasted. If
// it did not arrive whole, the form stays, since the page that follows would not say so.
const pending = new Set(); // promises of the sentences about each paste
let waiting = null; // what is sent when all are here
document.addEventListener("submit", async (event) => {
  if (!pending.size) return;
  event.preventDefault();
  event.stopPropagation();
  const { target, submitter } = event;
  const first = !waiting;
  waiting = { target, submitter };
  if (!first) return;
  const sentences = [];
  while (pending.size) {
    const all = [...pending];
    sentences.push(...(await Promise.all(all)).flat());
    for (const each of all) pending.delete(each);
  }
  const last = waiting;
  waiting = null;
  if (sentences.length) say([...sentences, gettext("Nothing is saved yet. Check the text, then save it.")]);
  else last.target.requestSubmit(last.submitter);
}, { capture: true });

// A dialog about a paste; what was copied is still in the clipboard.
function say(sentences) {
  const form = element("form", { method: "dialog" }, [
    ...sentences.map((sentence) => element("p", { textContent: sentence })),
    element("div", { className: "dialog-buttons" }, [
      element("button", { type: "submit", className: "default", textContent: gettext("Close") }),
    ]),
  ]);
  const dialog = element("dialog", { className: "newsroom-dialog" }, [form]);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// The sentences below a text: one list, read out as it grows, with a button that empties it.
function noticesBelow(dom) {
  const list = element("ul");
  const live = element("div", {}, [list]);
  live.setAttribute("role", "status");
  const close = element("button", { type: "button", textContent: gettext("Close"), hidden: true });
  close.setAttribute("aria-label", gettext("Close the notes about what was pasted"));
  const notices = element("div", { className: "paste-notices" }, [live, close]);
  close.addEventListener("click", () => {
    list.replaceChildren();
    close.hidden = true;
    dom.focus();
  });
  (dom.closest(".prose-editor") ?? dom).after(notices);
  return {
    add(sentences) {
      list.append(...sentences.map((sentence) => element("li", { textContent: sentence })));
      close.hidden = !list.childElementCount;
    },
    remove: () => notices.remove(),
  };
}

// Ask the server to clean something. Its answer: what it refused, or the clean text, and sentences.
async function ask(body, type, field) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(field === "notes" ? `${page.paste}?field=notes` : page.paste, {
    method: "POST", headers: { "X-CSRFToken": token, "Content-Type": type }, body,
  });
  // Without a session the answer is the page to sign in.
  if (answer.redirected || ![200, 400, 413].includes(answer.status)) throw new Error(answer.status);
  const { html, messages } = await answer.json();
  return { html, messages, refused: !answer.ok, tooLong: answer.status === 413 };
}

// What a clipboard or a dropped thing holds. Pictures and files alone are named, not taken.
function contentOf(data, plain) {
  const html = plain ? "" : withoutFiles(data.getData("text/html"));
  const text = data.getData("text/plain");
  if (html || text) return { html, text };
  const files = [...data.files].map(({ type }) => (type.startsWith("image/") ? "<img>" : "<embed>"));
  return { html: files.join(""), text };
}

// Clean text as a piece of a document. Whole tables stay whole; other blocks join those around.
function sliceOf(html, view) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const parser = Parser.fromSchema(view.state.schema);
  const parsed = parser.parseSlice(body, { preserveWhitespace: true, context: view.state.selection.$from });
  return Slice.maxOpen(parsed.content, false);
}

// The footnote of something, and the one that typed words would belong to.
const noteOf = (marks) => marks.find((mark) => mark.type.name === "footnote");
const noteAround = ({ $from, $to, empty }) =>
  noteOf((empty ? $from.marks() : $from.sameParent($to) && $from.marksAcross($to)) || []);

// A table in a cell would split the table around it.
const isInTable = ({ $from }) => {
  for (let depth = $from.depth; depth > 0; depth--) if ($from.node(depth).type.name === "table") return true;
  return false;
};
function holdsTable(slice) {
  let found = false;
  slice.content.descendants((node) => { found ||= node.type.name === "table"; });
  return found;
}

// A piece of a document as words of one footnote: a line for each paragraph, its notes in brackets.
function asNote(slice, note) {
  const { schema } = note.type;
  const text = (words) => schema.text(words, [note]);
  const numbers = new Set();
  slice.content.descendants((node) => { if (node.isInline) numbers.add(noteOf(node.marks)?.attrs.number); });
  const isOneNote = numbers.size === 1; // words of a note, or no note at all
  const found = [];
  let inside; // the note of the words before
  const mark = (node) => node.mark(note.addToSet(node.marks));
  const turnTo = (next) => {
    if (inside && inside !== next) found.push(text(")"));
    if (next && inside !== next) found.push(text(" ("));
    inside = next;
  };
  const begin = () => {
    turnTo(undefined);
    if (found.length) found.push(mark(schema.nodes.hardBreak.create()));
  };
  slice.content.descendants((node) => {
    if (node.attrs.caption) begin(), found.push(text(node.attrs.caption));
    if (node.isTextblock && node.childCount) begin();
    if (!node.isInline) return;
    if (!isOneNote) turnTo(noteOf(node.marks)?.attrs.number);
    found.push(mark(node));
  });
  turnTo(undefined);
  return new Slice(Fragment.from(found), 0, 0);
}

export const CleanPaste = Extension.create({
  name: "cleanPaste",
  // Where each paste belongs, while the server cleans it: what is typed meanwhile moves the place.
  addStorage: () => ({ places: new Set(), notices: null }),
  // Both editors of the form have this part; each is called as its field is.
  onCreate() {
    const { dom } = this.editor.view;
    const label = dom.closest(".form-row")?.querySelector("label")?.textContent.replace(":", "").trim();
    if (label) dom.setAttribute("aria-label", label);
    this.storage.notices = noticesBelow(dom);
  },
  onDestroy() { this.storage.notices?.remove(); },
  onTransaction({ transaction }) {
    for (const each of this.storage.places) each.place = each.place.map(transaction.mapping);
  },
  addProseMirrorPlugins() {
    const { storage } = this;
    const field = this.editor.schema.nodes.figure ? "body" : "notes";
    const own = `${MARK}="${secret}-${field}"`;
    const follow = (bookmark) => {
      const followed = { place: bookmark };
      storage.places.add(followed);
      return followed;
    };
    // Put something where it was pasted; a caret that is elsewhere by now stays there. It is no
    // paste to the parts of the editor that would make links of its words.
    const put = (view, pasted, html) => {
      if (view.isDestroyed) return;
      const { state } = view;
      const place = pasted.place.resolve(state.doc);
      const here = place.eq(state.selection) ? null : follow(state.selection.getBookmark());
      view.dispatch(state.tr.setSelection(place));
      const note = noteAround(view.state.selection);
      const slice = note ? asNote(sliceOf(html, view), note) : sliceOf(html, view);
      const [only] = slice.openStart || slice.content.childCount !== 1 ? [] : [slice.content.firstChild];
      const { tr, selection } = view.state;
      if (isInTable(selection) && holdsTable(slice)) {
        view.dispatch(tr.insert(placeBelow(selection), slice.content).scrollIntoView());
        storage.notices?.add([gettext("A table can’t be inside a cell. Your text was pasted below this table.")]);
      } else view.dispatch((only ? tr.replaceSelectionWith(only, false) : tr.replaceSelection(slice)).scrollIntoView());
      if (!here) return;
      storage.places.delete(here);
      view.dispatch(view.state.tr.setSelection(here.place.resolve(view.state.doc)));
    };
    // Returns what there is to say: in a dialog, unless a form that waits will say it.
    const clean = async (view, pasted, { html, text }) => {
      let answer;
      try {
        answer = html ? await ask(html, "text/html", field) : await ask(text, "text/plain", field);
        // What cannot be read with its formatting may be readable without.
        if (answer.refused && !answer.tooLong && html && text) {
          const plain = await ask(text, "text/plain", field);
          const unformatted = gettext("It was pasted as plain text, without headings, links and emphasis. It may include struck-out or hidden text.");
          answer = { ...plain, messages: [...answer.messages, unformatted, ...plain.messages] };
        }
      } catch {
        if (text) view.isDestroyed || putPlain(view, pasted, text);
        const sentences = [gettext("The server did not answer, so it was pasted as plain text, without headings, links and emphasis. It may include struck-out or hidden text. Check that you are still signed in. To keep the formatting, undo and paste again later.")];
        if (!waiting) say(sentences);
        return sentences;
      }
      if (answer.refused) {
        if (!waiting) say(answer.messages);
        return answer.messages;
      }
      if (answer.html) put(view, pasted, answer.html);
      storage.notices?.add(answer.messages);
      return answer.messages;
    };
    const putPlain = (view, pasted, text) => {
      const lines = text.split(/[\r\n]+/).filter(Boolean).map((line) => line.trim().replaceAll("\t", " | "));
      const paragraphs = lines.map((words) => element("p", { textContent: words }).outerHTML);
      put(view, pasted, paragraphs.join(""));
    };
    // A line of words has nothing to clean; lines may be those of a mail program, tabs of a table.
    const isPlain = ({ html, text }) => !html && !/[\r\n\t\u0336]|~~/.test(text);
    const takeOver = (view, event, data, asText, place) => {
      const content = contentOf(data, asText);
      if (content.html.includes(own) || isPlain(content)) return false;
      event.preventDefault();
      const pasted = follow(place().getBookmark());
      const work = clean(view, pasted, content).catch((error) => {
        console.error(error);
        const sentences = [gettext("The text could not be pasted. Try again.")];
        if (!waiting) say(sentences);
        return sentences;
      }).finally(() => {
        storage.places.delete(pasted);
        if (!waiting) pending.delete(work); // else the form takes it
      });
      pending.add(work);
      return true;
    };
    return [
      new Plugin({
        props: {
          clipboardSerializer: {
            serializeFragment: (fragment, options) => {
              const dom = DOMSerializer.fromSchema(this.editor.schema).serializeFragment(fragment, options);
              dom.firstElementChild?.setAttribute(MARK, `${secret}-${field}`);
              return dom;
            },
          },
          // What was copied here, and plain words. A drop has another place than the caret.
          transformPasted(slice, view) {
            const note = view.dragging ? null : noteAround(view.state.selection);
            return note ? asNote(slice, note) : slice;
          },
          // Before the editor reads the event itself: it would build foreign markup in the page.
          handleDOMEvents: {
            paste(view, event) {
              if (!view.editable || !event.clipboardData) return false;
              const { shiftKey, lastKeyCode } = view.input;
              const asText = shiftKey && lastKeyCode !== 45; // Shift and Insert are a paste as well
              return takeOver(view, event, event.clipboardData, asText, () => view.state.selection);
            },
            drop(view, event) {
              if (!view.editable || view.dragging || !event.dataTransfer) return false;
              const over = view.posAtCoords({ left: event.clientX, top: event.clientY });
              if (!over) return false;
              return takeOver(view, event, event.dataTransfer, false, () => TextSelection.near(view.state.doc.resolve(over.pos)));
            },
          },
        },
      }),
    ];
  },
});
