// Translations of the desk. The page loads Django's JavaScript catalogue before any module. If that
// fails, messages stay in English and the editor still works.

export const gettext = window.gettext ?? ((text) => text);
export const ngettext = window.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

// Replace the named placeholders of a message, as in interpolate(gettext("Move %(name)s up"), { name }).
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const { lang } = document.documentElement;
const percentFormat = new Intl.NumberFormat(lang, { style: "percent" });

// Format a number from 0 to 1 as a percentage.
export const percent = (part) => percentFormat.format(part);

// Join alternatives: “A, B or C”.
export const alternatives = (texts) => new Intl.ListFormat(lang, { type: "disjunction" }).format(texts);
