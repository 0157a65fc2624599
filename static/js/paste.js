// Paste and drop. The server cleans content from outside this editor by the same rules as on save, and
// reports what it left out or changed. The report stays below the text until it is closed.

import { Extension, Plugin, pm } from "django-prose-editor/editor";
import { element, placeBelow } from "./dialog.js";
import { gettext } from "./translation.js";

const { DOMParser: Parser, DOMSerializer, Fragment, Slice } = pm.model;
const { TextSelection } = pm.state;
const page = JSON.parse(document.getElementById("newsroom-editor").textContent);

// Content that is copied from this editor has an attribute with a secret, and is not cleaned again. The
// attribute data-pm-slice is not enough: other ProseMirror editors (wikis, ticket systems) write it too,
// and their content may have hidden words.
const MARK = "data-newsroom-slice";
const secret = (() => {
  const made = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
  try {
    // All windows of this newsroom share the secret.
    const known = localStorage.getItem(MARK) ?? made();
    localStorage.setItem(MARK, known);
    return known;
  } catch {
    return made(); // without storage, each window has its own secret
  }
})();

// Remove embedded files (data: URLs): they are megabytes that the server would not use. One regular
// expression for all of this would overflow the stack of the browser.
const withoutFiles = (html) => html.split(";base64,").map((part, number) => {
  const end = number ? part.search(/[^A-Za-z0-9+/=]/) : 0;
  const length = end < 0 ? part.length : end;
  return length < 100 ? part : part.slice(length);
}).join(";base64,");

// A form waits for pastes that are still being cleaned, so that no text is saved without them. If there
// is a message about a paste, the form is not sent, because the next page would not show the message.
const pending = new Set(); // promises of the messages about each paste
let waiting = null; // the form that is sent when all are finished
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
  if (sentences.length) showDialog([...sentences, gettext("Nothing is saved yet. Check the text, then save it.")]);
  else last.target.requestSubmit(last.submitter);
}, { capture: true });

// Show messages about a paste in a dialog.
function showDialog(sentences) {
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

// The messages below a text: a list that screen readers announce, with a button to clear it.
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

// Ask the server to clean content. Returns the clean HTML, messages, and whether it was refused.
async function ask(body, type, field) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(field === "notes" ? `${page.paste}?field=notes` : page.paste, {
    method: "POST", headers: { "X-CSRFToken": token, "Content-Type": type }, body,
  });
  // Without a session, the response is the sign-in page.
  if (answer.redirected || ![200, 400, 413].includes(answer.status)) throw new Error(answer.status);
  const { html, messages } = await answer.json();
  return { html, messages, refused: !answer.ok, tooLong: answer.status === 413 };
}

// The content of the clipboard or a drop. Files become empty tags: the server reports that they were
// left out.
function contentOf(data, plain) {
  const html = plain ? "" : withoutFiles(data.getData("text/html"));
  const text = data.getData("text/plain");
  if (html || text) return { html, text };
  const files = [...data.files].map(({ type }) => (type.startsWith("image/") ? "<img>" : "<embed>"));
  return { html: files.join(""), text };
}

// Parse clean HTML as a slice. Tables stay complete. Other blocks can join the blocks around them.
function sliceOf(html, view) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const parser = Parser.fromSchema(view.state.schema);
  const parsed = parser.parseSlice(body, { preserveWhitespace: true, context: view.state.selection.$from });
  return Slice.maxOpen(parsed.content, false);
}

// The footnote of some marks, and the footnote that typed text would belong to.
const noteOf = (marks) => marks.find((mark) => mark.type.name === "footnote");
const noteAround = ({ $from, $to, empty }) =>
  noteOf((empty ? $from.marks() : $from.sameParent($to) && $from.marksAcross($to)) || []);

// For tables that are pasted into a cell: they would split the table around them.
const isInTable = ({ $from }) => {
  for (let depth = $from.depth; depth > 0; depth--) if ($from.node(depth).type.name === "table") return true;
  return false;
};
function containsTable(slice) {
  let found = false;
  slice.content.descendants((node) => { found ||= node.type.name === "table"; });
  return found;
}

// Turn a slice into text of one footnote: a line for each paragraph, its footnotes in brackets.
function asNote(slice, note) {
  const { schema } = note.type;
  const text = (words) => schema.text(words, [note]);
  const numbers = new Set();
  slice.content.descendants((node) => { if (node.isInline) numbers.add(noteOf(node.marks)?.attrs.number); });
  const isOneNote = numbers.size === 1; // text of a single footnote, or without footnotes
  const found = [];
  let inside; // the number of the current footnote
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
  // The place of each paste that the server is cleaning. Typing in the meantime moves the place.
  addStorage: () => ({ places: new Set(), notices: null }),
  // Both editors of the form have this extension. Each gets the label of its field.
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
    // Insert clean HTML at the place of the paste. The caret stays where it is now. The transaction is
    // not marked as a paste, so that no extension turns words into links.
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
      if (isInTable(selection) && containsTable(slice)) {
        view.dispatch(tr.insert(placeBelow(selection), slice.content).scrollIntoView());
        storage.notices?.add([gettext("A table can’t be inside a cell. Your text was pasted below this table.")]);
      } else view.dispatch((only ? tr.replaceSelectionWith(only, false) : tr.replaceSelection(slice)).scrollIntoView());
      if (!here) return;
      storage.places.delete(here);
      view.dispatch(view.state.tr.setSelection(here.place.resolve(view.state.doc)));
    };
    // Returns the messages. Problems are also shown in a dialog, unless a waiting form will show them.
    const clean = async (view, pasted, { html, text }) => {
      let answer;
      try {
        answer = html ? await ask(html, "text/html", field) : await ask(text, "text/plain", field);
        // Content that is refused with formatting may be accepted as plain text.
        if (answer.refused && !answer.tooLong && html && text) {
          const plain = await ask(text, "text/plain", field);
          const unformatted = gettext("It was pasted as plain text, without headings, links and emphasis. It may include struck-out or hidden text.");
          answer = { ...plain, messages: [...answer.messages, unformatted, ...plain.messages] };
        }
      } catch {
        if (text) view.isDestroyed || putPlain(view, pasted, text);
        const sentences = [gettext("The server did not answer, so it was pasted as plain text, without headings, links and emphasis. It may include struck-out or hidden text. Check that you are still signed in. To keep the formatting, undo and paste again later.")];
        if (!waiting) showDialog(sentences);
        return sentences;
      }
      if (answer.refused) {
        if (!waiting) showDialog(answer.messages);
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
    // One line of plain text needs no cleaning. Line ends may come from a mail program, tabs from a
    // table.
    const isPlain = ({ html, text }) => !html && !/[\r\n\t\u0336]|~~/.test(text);
    const takeOver = (view, event, data, asText, place) => {
      const content = contentOf(data, asText);
      if (content.html.includes(own) || isPlain(content)) return false;
      event.preventDefault();
      const pasted = follow(place().getBookmark());
      const work = clean(view, pasted, content).catch((error) => {
        console.error(error);
        const sentences = [gettext("The text could not be pasted. Try again.")];
        if (!waiting) showDialog(sentences);
        return sentences;
      }).finally(() => {
        storage.places.delete(pasted);
        if (!waiting) pending.delete(work); // otherwise the form removes it
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
          // For content of this editor and plain text, which are not cleaned. A drop is not at the
          // caret.
          transformPasted(slice, view) {
            const note = view.dragging ? null : noteAround(view.state.selection);
            return note ? asNote(slice, note) : slice;
          },
          // Runs before the editor reads the event, which would put foreign markup into the page.
          handleDOMEvents: {
            paste(view, event) {
              if (!view.editable || !event.clipboardData) return false;
              const { shiftKey, lastKeyCode } = view.input;
              const asText = shiftKey && lastKeyCode !== 45; // Shift+Insert is an ordinary paste
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
