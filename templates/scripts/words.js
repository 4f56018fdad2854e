"use strict";
// What scripts say: English in the code; the page brings along how another language says it.
const wordsData = document.getElementById("words");
const WORDS = wordsData ? JSON.parse(wordsData.textContent) : { forms: [], texts: {} };
const LISTED = 200;  // how many numbers have their form of plural listed: of larger ones the last two digits decide

/** Put values in their places; numbers get their separators. */
function filled(text, values) {
  const said = value => typeof value === "number" ? value.toLocaleString("en") : value;
  return text.replace(/%\((\w+)\)s|%%/g, (all, name) => name ? said(values[name] ?? all) : "%");
}

function gettext(text, values = {}) {
  return filled(WORDS.texts[text] ?? text, values);
}

function ngettext(one, many, num, values = {}) {
  const forms = WORDS.texts[many];
  const text = forms ? forms[WORDS.forms[num < LISTED ? num : LISTED / 2 + num % 100]] : num === 1 ? one : many;
  return filled(text, { num, ...values });
}
