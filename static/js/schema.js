// The schema of texts, as in releases/document on the server: the order of marks, lists, tables,
// footnotes and background sections. Quotations, names and pictures are in editor.js. The editor must
// not change a text that the server accepts: see tests/test_browser_editor.py.

import {
  Bold as BaseBold, Document as BaseDocument, Italic as BaseItalic, Link as BaseLink,
  ListItem as BaseListItem, Mark, Node, OrderedList as BaseOrderedList, Strike as BaseStrike, Subscript as BaseSubscript,
  Superscript as BaseSuperscript, Table as BaseTable, TableCell as BaseTableCell,
  TableHeader as BaseTableHeader, pm,
} from "django-prose-editor/editor";
import { ask, element, placeBelow } from "./dialog.js";
import { gettext } from "./translation.js";

const { TextSelection } = pm.state;

// --- Marks --------------------------------------------------------------------------------------

// A mark with a higher priority is outside the others. From outermost to innermost: footnote (1100),
// link (1000, the default), name (950, in editor.js), bold, italic, strike, subscript, superscript.
export const Bold = BaseBold.extend({ priority: 900 });
export const Italic = BaseItalic.extend({ priority: 890 });
export const Strike = BaseStrike.extend({
  priority: 880,
  // Only <s>, which this editor writes. In other HTML, <del> and similar tags mark deleted text.
  parseHTML: () => [{ tag: "s" }],
  addPasteRules: () => [],
});
export const Subscript = BaseSubscript.extend({ priority: 870 });
export const Superscript = BaseSuperscript.extend({ priority: 860 });

const whole = (text, least, most, otherwise) => {
  const number = /^\s*\d{1,9}\s*$/.test(text ?? "") ? Number(text) : otherwise;
  return Math.min(Math.max(number, least), most);
};

const textButton = (label, hint) => {
  const button = element("button", { type: "button", className: "prose-menubar__button newsroom-button", textContent: label });
  if (hint) button.title = hint;
  return button;
};

// --- Links --------------------------------------------------------------------------------------

export const Link = BaseLink.extend({
  // Only the address: the server stores no other attribute of a link.
  addAttributes() { return { href: this.parent().href }; },
  addCommands() {
    return {
      ...this.parent(),
      addLink: () => ({ editor }) => {
        const marked = editor.isActive("link");
        if (editor.state.selection.empty && !marked) return false;
        ask({
          title: gettext("Link"),
          fields: [{
            name: "href", label: gettext("Address"), value: editor.getAttributes("link").href ?? "",
            pattern: `\\s*(${this.options.protocols.join("|")}):.+|\\s*www\\..+`,
            title: gettext("Begin with https://, mailto: or tel:"),
            help: gettext("The whole address, such as https://example.org/report"),
          }],
          submit: gettext("Save"),
          cancel: gettext("Cancel"),
        }).then((answer) => {
          if (!answer) return;
          const href = answer.href.replace(/^www\./i, "https://$&");
          const chain = editor.chain().focus();
          (marked ? chain.extendMarkRange("link") : chain).setLink({ href }).run();
        });
        return true;
      },
    };
  },
});

// --- Footnotes ----------------------------------------------------------------------------------

const noteAt = (node) => node.marks.find((mark) => mark.type.name === "footnote");

function unusedNumber(doc) {
  let most = 0;
  doc.descendants((node) => { most = Math.max(most, noteAt(node)?.attrs.number ?? 0); });
  return most + 1;
}

// The text of a footnote is stored where its number is printed. The server renumbers footnotes on each
// save. Here, the numbers only distinguish adjacent footnotes.
export const Footnote = Mark.create({
  name: "footnote",
  priority: 1100,
  inclusive: false,
  keepOnSplit: false,
  excludes: "footnote",
  addAttributes: () => ({
    number: {
      default: 1,
      parseHTML: (dom) => whole(dom.dataset.footnote, 1, 1e9, 1),
      renderHTML: ({ number }) => ({ "data-footnote": number }),
    },
  }),
  parseHTML: () => [{ tag: "span[data-footnote]" }],
  renderHTML: ({ HTMLAttributes }) => ["span", HTMLAttributes, 0],

  addMenuItems({ menu }) {
    const touched = ({ doc, selection: { from, to } }) => doc.rangeHasMark(from, to, doc.type.schema.marks.footnote);
    menu.defineItem({
      name: "footnote",
      groups: "newsroom",
      priority: 93,
      active: (editor) => editor.isActive("footnote"),
      enabled: (editor) => {
        if (editor.isActive("footnote")) return true;
        const { $from, $to, empty } = editor.state.selection;
        return $from.parent.inlineContent && (empty || ($from.sameParent($to) && !touched(editor.state)));
      },
      button: textButton(gettext("Footnote"), gettext("Turn the selection into a footnote, write a new one, or turn a footnote back into text")),
      async command(editor) {
        if (editor.isActive("footnote")) {
          editor.chain().focus().extendMarkRange("footnote").unsetMark("footnote").run();
          return;
        }
        const { empty, from } = editor.state.selection;
        const mark = editor.schema.marks.footnote.create({ number: unusedNumber(editor.state.doc) });
        if (!empty) {
          editor.chain().focus().command(({ tr }) => {
            tr.addMark(tr.selection.from, tr.selection.to, mark);
            tr.setSelection(TextSelection.create(tr.doc, tr.selection.to));
            return true;
          }).run();
          return;
        }
        const answer = await ask({
          title: gettext("Footnote"),
          fields: [{ name: "words", label: gettext("Footnote text"), maxLength: 2000, help: gettext("Shown below the text with this number. You can add links and emphasis later.") }],
          submit: gettext("Insert"),
          cancel: gettext("Cancel"),
        });
        if (!answer?.words) return;
        editor.chain().focus().command(({ tr, state }) => {
          tr.insert(from, state.schema.text(answer.words, [mark]));
          tr.setSelection(TextSelection.create(tr.doc, from + answer.words.length));
          return true;
        }).run();
      },
    });
  },
});

// --- Lists --------------------------------------------------------------------------------------

const ITEM = "(paragraph | bulletList | orderedList)+";

export const ListItem = BaseListItem.extend({ content: ITEM });

const MAX_START = 9999;

// The innermost numbered list that contains the caret, or null.
function listAround({ $from }) {
  for (let depth = $from.depth; depth > 0; depth--) {
    if ($from.node(depth).type.name === "orderedList") return { node: $from.node(depth), pos: $from.before(depth) };
  }
  return null;
}

export const OrderedList = BaseOrderedList.extend({
  addOptions() { return { ...this.parent?.(), enableListAttributes: false }; },
  addAttributes: () => ({
    start: {
      default: 1,
      parseHTML: (dom) => whole(dom.getAttribute("start"), 0, MAX_START, 1),
      renderHTML: ({ start }) => (start === 1 ? {} : { start }),
    },
  }),
  addNodeView: () => null,

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "startAt",
      groups: "lists",
      priority: 90,
      hidden: (editor) => !listAround(editor.state.selection),
      button: textButton(gettext("Start at…"), gettext("Choose the first number of this list")),
      async command(editor) {
        const answer = await ask({
          title: gettext("Number of the first item"),
          fields: [{ name: "start", label: gettext("Start at"), type: "number", min: 0, max: MAX_START, step: 1, value: listAround(editor.state.selection)?.node.attrs.start ?? 1 }],
          submit: gettext("Save"),
          cancel: gettext("Cancel"),
        });
        if (!answer) return;
        editor.chain().focus().command(({ tr }) => {
          const list = listAround(tr.selection);
          if (list) tr.setNodeAttribute(list.pos, "start", whole(answer.start, 0, MAX_START, 1));
          return true;
        }).run();
      },
    });
  },
});

// --- Tables -------------------------------------------------------------------------------------

const MAX_COLUMNS = 50;
const MAX_ROWS = 500;
const MAX_CAPTION = 500;

const span = (name) => ({
  default: 1,
  parseHTML: (dom) => whole(dom.getAttribute(name), 1, 100, 1),
  renderHTML: (attributes) => (attributes[name] > 1 ? { [name]: attributes[name] } : {}),
});
const cell = { content: ITEM, addAttributes: () => ({ colspan: span("colspan"), rowspan: span("rowspan") }) };

export const TableCell = BaseTableCell.extend(cell);
export const TableHeader = BaseTableHeader.extend(cell);

// The size of the innermost table that contains the caret, or null.
function sizeOfTable({ $from }) {
  for (let depth = $from.depth; depth > 0; depth--) {
    const node = $from.node(depth);
    if (node.type.name !== "table") continue;
    let columns = 0;
    node.firstChild?.forEach((each) => { columns += each.attrs.colspan; });
    return { rows: node.childCount, columns };
  }
  return null;
}

const emptyRow = (type, columns) => ({
  type: "tableRow",
  content: Array.from({ length: columns }, () => ({ type, content: [{ type: "paragraph" }] })),
});

export const Table = BaseTable.extend({
  addAttributes: () => ({
    caption: {
      default: "",
      parseHTML: (dom) => dom.dataset.caption ?? "",
      renderHTML: ({ caption }) => (caption ? { "data-caption": caption } : {}),
    },
  }),
  renderHTML: ({ HTMLAttributes }) => ["table", HTMLAttributes, ["tbody", 0]],

  // The caption is an attribute, so it is edited in an input field above the table.
  addNodeView() {
    return ({ node, editor, getPos }) => {
      const caption = element("input", { type: "text", className: "table-caption", maxLength: MAX_CAPTION, placeholder: gettext("Caption of the table"), disabled: !editor.isEditable });
      caption.setAttribute("aria-label", gettext("Caption of the table"));
      const head = element("div", { contentEditable: "false" }, [caption]);
      const body = element("tbody");
      const box = element("div", { className: "tableWrapper" }, [element("table", {}, [body])]);
      const dom = element("div", { className: "newsroom-table" }, [head, box]);
      const show = () => { if (document.activeElement !== caption || caption.value.trim() !== node.attrs.caption) caption.value = node.attrs.caption; };
      show();
      caption.addEventListener("change", () => {
        const words = caption.value.replace(/\s+/g, " ").trim();
        if (words === node.attrs.caption) return;
        editor.view.dispatch(editor.state.tr.setNodeAttribute(getPos(), "caption", words));
      });
      caption.addEventListener("keydown", (event) => {
        // Enter would submit the form.
        if (event.key !== "Enter" && event.key !== "ArrowDown") return;
        event.preventDefault();
        caption.blur();
        editor.chain().focus().setTextSelection(getPos() + 4).run();
      });
      return {
        dom,
        contentDOM: body,
        stopEvent: (event) => head.contains(event.target),
        ignoreMutation: (mutation) => mutation.type !== "selection" && !body.contains(mutation.target),
        update(next) {
          if (next.type !== node.type) return false;
          node = next;
          show();
          return true;
        },
      };
    };
  },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "table",
      groups: "newsroom",
      priority: 92,
      enabled: (editor) => !sizeOfTable(editor.state.selection),
      button: textButton(gettext("Table"), gettext("Insert a table below this paragraph")),
      command(editor) {
        const { doc, selection } = editor.state;
        const place = placeBelow(selection);
        const table = { type: "table", content: [emptyRow("tableHeader", 3), emptyRow("tableCell", 3), emptyRow("tableCell", 3)] };
        // Add a paragraph after a table at the end of the text, so that the editor can continue there.
        const after = doc.resolve(place).nodeAfter ? [] : [{ type: "paragraph" }];
        editor.chain().focus().insertContentAt(place, [table, ...after]).setTextSelection(place + 4).run();
      },
    });
    const define = (name, label, command, room = () => true) => {
      menu.defineItem({
        name: `table:${name}`,
        groups: "table",
        hidden: (editor) => !sizeOfTable(editor.state.selection),
        enabled: (editor) => { const size = sizeOfTable(editor.state.selection); return size && room(size); },
        button: textButton(label),
        command: (editor) => editor.chain().focus()[command]().run(),
      });
    };
    const roomForRow = ({ rows }) => rows < MAX_ROWS;
    const roomForColumn = ({ columns }) => columns < MAX_COLUMNS;
    define("rowAbove", gettext("Row above"), "addRowBefore", roomForRow);
    define("rowBelow", gettext("Row below"), "addRowAfter", roomForRow);
    define("columnBefore", gettext("Column before"), "addColumnBefore", roomForColumn);
    define("columnAfter", gettext("Column after"), "addColumnAfter", roomForColumn);
    define("headerRow", gettext("Header row"), "toggleHeaderRow");
    define("headerColumn", gettext("Header column"), "toggleHeaderColumn");
    define("deleteRow", gettext("Delete row"), "deleteRow");
    define("deleteColumn", gettext("Delete column"), "deleteColumn");
    define("deleteTable", gettext("Delete table"), "deleteTable");
  },
});

// --- Background ---------------------------------------------------------------------------------

// The blocks of the selection, as a range of the document or of the background section.
function blocksAt(doc, { $from, $to }, depth) {
  const start = $from.depth > depth ? $from.before(depth + 1) : $from.pos;
  const end = $to.depth > depth ? $to.after(depth + 1) : $to.pos;
  return doc.resolve(start).blockRange(doc.resolve(end));
}

const inBackground = ({ $from, $to }) => {
  const section = $from.depth && $from.node(1);
  return section && section.type.name === "background" && $to.depth && $to.node(1) === section;
};

const canBeBackground = ({ doc, selection }) => {
  const range = blocksAt(doc, selection, 0);
  if (!range) return false;
  for (let index = range.startIndex; index < range.endIndex; index++) {
    if (doc.child(index).type.name === "background") return false;
  }
  return range.endIndex > range.startIndex;
};

export const Document = BaseDocument.extend({ content: "(block | background)+" });

export const Background = Node.create({
  name: "background",
  content: "block+", // not `background`: sections cannot be nested
  defining: true,
  parseHTML: () => [{ tag: 'section[data-kind="background"]' }],
  renderHTML: () => ["section", { "data-kind": "background" }, 0],

  addNodeView() {
    return () => {
      const label = element("p", { className: "background-label", contentEditable: "false", textContent: gettext("Background") });
      const content = element("div");
      const dom = element("section", { className: "background" }, [label, content]);
      return { dom, contentDOM: content, ignoreMutation: (mutation) => mutation.type !== "selection" && !content.contains(mutation.target) };
    };
  },

  addCommands() {
    return {
      // Turn the selected blocks into a background section, or back into ordinary blocks. Without a
      // selection, the whole section is turned back.
      toggleBackground: () => ({ tr, dispatch }) => {
        const { doc, selection } = tr;
        if (inBackground(selection)) {
          const { $from } = selection;
          const range = selection.empty
            ? doc.resolve($from.start(1)).blockRange(doc.resolve($from.end(1)))
            : blocksAt(doc, selection, 1);
          if (dispatch) tr.lift(range, 0);
          return true;
        }
        if (!canBeBackground(tr)) return false;
        if (!dispatch) return true;
        const range = blocksAt(doc, selection, 0);
        const { start, end } = range;
        tr.wrap(range, [{ type: this.type }]);
        // Merge with adjacent background sections.
        if (doc.resolve(end).nodeAfter?.type === this.type) tr.join(end + 2);
        if (doc.resolve(start).nodeBefore?.type === this.type) tr.join(start);
        return true;
      },
    };
  },

  addMenuItems({ menu }) {
    menu.defineItem({
      name: "background",
      groups: "newsroom",
      priority: 91,
      active: (editor) => inBackground(editor.state.selection),
      enabled: (editor) => inBackground(editor.state.selection) || canBeBackground(editor.state),
      button: textButton(gettext("Background"), gettext("Mark the selected paragraphs as background, or undo it")),
      command: (editor) => editor.chain().focus().toggleBackground().run(),
    });
  },
});
