// The toolbar of the editor: translated labels, a heading menu that works by keyboard, and a way to
// leave tables and lists with Tab.

import { Menu as BaseMenu, Plugin } from "django-prose-editor/editor";
import { element } from "./dialog.js";
import { gettext, interpolate } from "./translation.js";

const MARKS = [
  ["bold", "format_bold", gettext("Bold")],
  ["italic", "format_italic", gettext("Italic")],
  ["strike", "format_strikethrough", gettext("Strikethrough")],
  ["subscript", "subscript", gettext("Subscript")],
  ["superscript", "superscript", gettext("Superscript")],
];
const HEADINGS = [[2, gettext("Heading")], [3, gettext("Subheading")]];

let count = 0;

export const Menu = BaseMenu.extend({
  // Runs after the bundle has defined its items, and replaces some of them.
  addMenuItems({ editor = this.editor, menu, buttons }) {
    const { marks, nodes } = editor.schema;
    for (const [name, icon, label] of MARKS) {
      if (!marks[name]) continue;
      menu.defineItem({
        name,
        groups: "marks",
        button: buttons.material(icon, label),
        active: () => editor.isActive(name),
        enabled: () => editor.can().toggleMark(name),
        command: () => editor.chain().focus().toggleMark(name).run(),
      });
    }
    const lists = [
      ["bulletList", "format_list_bulleted", gettext("List with bullets"), "toggleBulletList"],
      ["orderedList", "format_list_numbered", gettext("Numbered list"), "toggleOrderedList"],
    ];
    for (const [name, icon, label, toggle] of lists) {
      menu.defineItem({
        name,
        groups: "lists",
        button: buttons.material(icon, label),
        active: () => editor.isActive(name),
        enabled: () => editor.can()[toggle](),
        command: () => editor.chain().focus()[toggle]().run(),
      });
    }
    menu.defineItem({
      name: "link",
      groups: "link",
      button: buttons.material("insert_link", gettext("Link")),
      active: () => editor.isActive("link"),
      enabled: () => !editor.state.selection.empty || editor.isActive("link"),
      command: () => editor.commands.addLink(),
    });
    menu.defineItem({
      name: "unlink",
      groups: "link",
      button: buttons.material("link_off", gettext("Remove the link")),
      hidden: () => !editor.isActive("link"),
      command: () => editor.chain().focus().extendMarkRange("link").unsetLink().run(),
    });
    for (const [name, icon, label] of [["undo", "undo", gettext("Undo")], ["redo", "redo", gettext("Redo")]]) {
      menu.defineItem({
        name: `history:${name}`,
        groups: "history",
        button: buttons.material(icon, label),
        enabled: () => editor.can()[name](),
        command: () => editor.commands[name](),
      });
    }
    if (!nodes.heading) return;
    for (const [level, label] of HEADINGS) {
      menu.defineItem({
        name: `heading${level}`,
        groups: "blockType",
        button: element("span", { className: "prose-menubar__button newsroom-button", textContent: label }),
        option: element(`h${level}`, { textContent: label }),
        active: () => editor.isActive("heading", { level }),
        enabled: () => editor.can().setHeading({ level }),
        command: () => editor.chain().focus().setHeading({ level }).run(),
      });
    }
    const label = gettext("Paragraph");
    menu.defineItem({
      name: "paragraph",
      groups: "blockType",
      button: element("span", { className: "prose-menubar__button newsroom-button", textContent: label }),
      option: element("p", { textContent: label }),
      active: () => !editor.isActive("heading"),
      command: () => editor.chain().focus().setParagraph().run(),
    });
  },

  onCreate(event) {
    this.parent?.(event);
    const { editor } = this;
    const { dom: bar } = this.storage;
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", gettext("Formatting"));

    // The menu of the bundle opens only by mouse.
    for (const opener of bar.querySelectorAll(".prose-menubar__selected")) {
      opener.tabIndex = 0;
      opener.setAttribute("role", "button");
      opener.setAttribute("aria-expanded", "false");
      opener.nextElementSibling.addEventListener("toggle", ({ newState }) => {
        opener.setAttribute("aria-expanded", newState === "open");
      });
      opener.addEventListener("keydown", (press) => {
        if (!["Enter", " ", "ArrowDown"].includes(press.key)) return;
        press.preventDefault();
        opener.click();
        opener.nextElementSibling.querySelector("button")?.focus();
      });
    }

    const show = () => {
      for (const button of bar.querySelectorAll("button[data-name]")) {
        button.setAttribute("aria-disabled", button.classList.contains("disabled"));
        if (button.classList.contains("active") || button.hasAttribute("aria-pressed")) {
          button.setAttribute("aria-pressed", button.classList.contains("active"));
        }
      }
      for (const opener of bar.querySelectorAll(".prose-menubar__selected")) {
        opener.setAttribute("aria-label", interpolate(gettext("Paragraph style: %(style)s"), { style: opener.textContent }));
      }
    };
    editor.on("transaction", show);
    show();

    const help = element("p", { id: `prose-editor-keys-${++count}`, className: "help prose-editor-keys", textContent: gettext("In a list or table, Tab moves within it. To leave the text with Tab, press Escape first.") });
    editor.view.dom.after(help);
    editor.view.dom.setAttribute("aria-describedby", help.id);
  },

  // Tab moves between table cells and list levels. After Escape, Tab leaves the editor.
  addProseMirrorPlugins() {
    let leaving = false;
    return [
      new Plugin({
        props: {
          handleDOMEvents: {
            keydown(view, event) {
              if (event.key === "Tab") return leaving;
              if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return false;
              leaving = event.key === "Escape";
              return leaving; // the caret stays where it is
            },
            blur() { leaving = false; return false; },
          },
        },
      }),
    ];
  },
});
