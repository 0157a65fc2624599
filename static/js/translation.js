// The desk's translations. The page loads Django's catalogue before any module; where that request
// fails, the text stays English and the editor works.

export const gettext = window.gettext ?? ((text) => text);
export const ngettext = window.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

// Fill the named placeholders of a text, as in interpolate(gettext("Move %(name)s up"), { name }).
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const { lang } = document.documentElement;
const percentFormat = new Intl.NumberFormat(lang, { style: "percent" });

// A part of 1 as a percentage.
export const percent = (part) => percentFormat.format(part);

// Texts of which one is meant: “A, B or C”.
export const alternatives = (texts) => new Intl.ListFormat(lang, { type: "disjunction" }).format(texts);
