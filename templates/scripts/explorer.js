// The rows of evidence can be searched; a link to one opens what it lies in.
const explorer = document.querySelector(".sheets");
if (explorer) {
  const sheets = [...explorer.querySelectorAll("details")];
  let before = null;  // what was open when the search began
  const [field, told] = searchField(explorer, gettext("Search the evidence"));
  const lines = [...explorer.querySelectorAll("li.line")];
  filtering(lines, line => Date.parse(line.dataset.time ?? ""), field, told, narrowed => {
    for (const gap of explorer.querySelectorAll("li.gap")) gap.hidden = Boolean(narrowed);
    const searching = wordsOf(field).length > 0;
    if (searching) before ??= new Set(sheets.filter(sheet => sheet.open));
    for (const sheet of sheets) {
      const some = sheet.querySelector("li.line:not([hidden])") !== null;
      if (sheet.hidden === some) sheet.hidden = !some;
      if (searching) sheet.open = some;
      else if (before) sheet.open = before.has(sheet);
    }
    if (!searching) before = null;
  });
}

function reveal(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  target.hidden = false;
  for (let outer = target.parentElement; outer; outer = outer.parentElement) {
    if (outer.tagName === "DETAILS") { outer.hidden = false; outer.open = true; }
  }
  target.scrollIntoView({ block: "center", behavior: "instant" });  // a long page would be flown over for seconds
}
addEventListener("hashchange", () => reveal(location.hash.slice(1)));
reveal(location.hash.slice(1));
