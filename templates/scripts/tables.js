// Long tables can be sorted by their headings and filtered by words; without this they stand in the order of the report.
const LEAST_ROWS = 6;
const order = new Intl.Collator("en", { numeric: true });

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

function filterable(table) {
  const rows = [...table.tBodies[0].rows];
  const bar = document.createElement("p");
  bar.className = "filter";
  const label = document.createElement("label");
  const field = document.createElement("input");
  const told = document.createElement("output");
  field.type = "search";
  field.autocomplete = "off";
  field.spellcheck = false;
  label.append("Filter ", field);
  bar.append(label, " ", told);
  table.before(bar);
  const words = rows.map(row => row.textContent.toLowerCase());
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, number) => {
      row.hidden = !wanted.every(word => words[number].includes(word));
      shown += !row.hidden;
    });
    told.textContent = wanted.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows` : "";
  });
}

for (const table of document.querySelectorAll("main table")) {
  if (!table.tHead || !table.tBodies[0] || table.tBodies[0].rows.length < LEAST_ROWS) continue;
  sortable(table);
  filterable(table);
}
