// Helpers for the parts of the editor: create elements, ask in a dialog, find a position in the text.

export const element = (tag, properties = {}, children = []) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// Ask for values in a dialog. Resolves to an object of values by field name, or to null if cancelled.
export function ask({ title, fields, submit, cancel }) {
  return new Promise((resolve) => {
    const controls = fields.map(({ name, label, help = "", ...properties }) => {
      const control = element("input", { type: "text", required: true, autocomplete: "off", ...properties, id: `newsroom-${name}` });
      return { name, control, nodes: [
        element("label", { htmlFor: control.id, textContent: label }),
        control,
        element("p", { className: "help", textContent: help }),
      ] };
    });
    const leave = element("button", { type: "button", textContent: cancel });
    const form = element("form", { method: "dialog" }, [
      element("h2", { textContent: title }),
      ...controls.flatMap((each) => each.nodes),
      element("div", { className: "dialog-buttons" }, [
        element("button", { type: "submit", className: "default", textContent: submit }),
        leave,
      ]),
    ]);
    const dialog = element("dialog", { className: "newsroom-dialog" }, [form]);
    let answer = null;
    form.addEventListener("submit", () => {
      answer = Object.fromEntries(controls.map(({ name, control }) => [name, control.value.trim()]));
    });
    leave.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
    controls[0].control.select();
  });
}

// The position below the block with the caret, also inside a background section. An insertion there
// splits no sentence and does not replace the selection.
export function placeBelow({ $to }) {
  const depth = $to.depth && $to.node(1).type.name === "background" ? 2 : 1;
  return $to.depth < depth ? $to.pos : $to.after(depth);
}
