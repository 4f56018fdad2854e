// Long tables can be sorted by their headings and filtered by words; without this they stand in the order of the report.
const LEAST_ROWS = 6;
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
const SPAN = { from: -Infinity, to: Infinity };  // milliseconds: what the timeline shows, once it was zoomed
const refilters = [];

function wordsOf(field) {
  return field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
}

function searchField(before, label) {
  const bar = document.createElement("p");
  bar.className = "filter";
  const holder = document.createElement("label");
  const field = document.createElement("input");
  const told = document.createElement("output");
  field.type = "search";
  field.autocomplete = "off";
  field.spellcheck = false;
  holder.append(`${label} `, field);
  bar.append(holder, " ", told);
  before.before(bar);
  return [field, told];
}

function left(shown, of) {
  return ngettext("%(shown)s of %(num)s row", "%(shown)s of %(num)s rows", of, { shown });
}

function leftInSpan(shown, of) {
  return ngettext("%(shown)s of %(num)s row in the span shown above", "%(shown)s of %(num)s rows in the span shown above", of, { shown });
}

/** Hide the items that lack a word of the field or lie outside the timeline's span; tell how many are left. */
function filtering(items, timeOf, field, told, after) {
  let texts = null;
  const times = items.map(timeOf);
  const timed = times.some(time => !Number.isNaN(time));
  const filter = () => {
    const wanted = wordsOf(field);
    const spanned = timed && (SPAN.from > -Infinity || SPAN.to < Infinity);
    let shown = 0;
    if (wanted.length) texts ??= items.map(item => item.textContent.toLowerCase());
    items.forEach((item, number) => {
      const inside = !spanned || (times[number] >= SPAN.from && times[number] <= SPAN.to);
      const hidden = !inside || !wanted.every(word => texts[number].includes(word));
      if (item.hidden !== hidden) item.hidden = hidden;  // a write costs the browser a new layout
      shown += !hidden;
    });
    const narrowed = wanted.length || spanned;
    if (told) told.textContent = !narrowed ? "" : spanned ? leftInSpan(shown, items.length) : left(shown, items.length);
    if (after) after(narrowed);
  };
  if (field) field.addEventListener("input", filter);
  if (timed) refilters.push(filter);
}

function sortable(table) {
  const rows = [...table.tBodies[0].rows];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const turn = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", turn);
      const words = new Map(rows.map(row => [row, row.cells[column]?.innerText.trim() ?? ""]));
      const sign = turn === "ascending" ? 1 : -1;
      const sorted = [...rows].sort((one, two) => sign * order.compare(words.get(one), words.get(two)));
      table.tBodies[0].append(...sorted);
    });
  });
}

function timeOfRow(row) {
  return Date.parse(row.querySelector("td.time time")?.dateTime ?? "");
}

for (const table of document.querySelectorAll("main table")) {
  if (!table.tHead || !table.tBodies[0]) continue;
  const rows = [...table.tBodies[0].rows];
  const long = rows.length >= LEAST_ROWS;
  if (long) sortable(table);
  const [field, told] = long ? searchField(table, gettext("Filter")) : [];
  filtering(rows, timeOfRow, field, told);
}
