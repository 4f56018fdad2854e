// What the timeline answers to: mouse, touch, keys and buttons. Each move sets the span shown, and the tables follow it.
const HOW = gettext("Timeline. Left and right arrows go from moment to moment and Enter opens the evidence; plus and minus zoom, with Shift the arrows move the span, Home shows the whole period.");
const FOLLOW_MS = 120;

if (chart) {
  const tools = document.createElement("div");
  const told = document.createElement("p");
  const caption = document.createElement("figcaption");
  const hover = document.createElement("output");
  let waiting = 0, current = -1, selecting = false;

  const spanned = () => ({
    from: chart.written(Math.max(chart.from, chart.first)), until: chart.written(Math.min(chart.to, chart.last)), clock: chart.local ? chart.zone : "UTC",
  });
  const isWhole = () => chart.from <= chart.whole.from && chart.to >= chart.whole.to;

  function show(from, to) {
    const width = Math.min(Math.max(to - from, LEAST_SPAN), chart.whole.to - chart.whole.from);
    const middle = (from + to) / 2;
    chart.from = Math.min(Math.max(middle - width / 2, chart.whole.from), chart.whole.to - width);
    chart.to = chart.from + width;
    drawChart(chart);
    told.textContent = isWhole() ? gettext("The whole period: %(from)s to %(until)s %(clock)s.", spanned())
      : gettext("Shown: %(from)s to %(until)s %(clock)s. Tables and evidence below show this span only.", spanned());
    clearTimeout(waiting);
    waiting = setTimeout(follow, FOLLOW_MS);
  }
  function follow() {
    [SPAN.from, SPAN.to] = isWhole() ? [-Infinity, Infinity] : [chart.from * 1000, chart.to * 1000];
    for (const refilter of refilters) refilter();
  }
  const zoom = (factor, at = (chart.from + chart.to) / 2) => show(at - (at - chart.from) * factor, at + (chart.to - at) * factor);
  const pan = part => { const by = (chart.to - chart.from) * part; show(chart.from + by, chart.to + by); };
  const all = () => show(chart.whole.from, chart.whole.to);

  function button(text, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    tools.append(made);
    return made;
  }
  button("−", gettext("Zoom out"), () => zoom(2));
  button("+", gettext("Zoom in"), () => zoom(0.5));
  button("←", gettext("Earlier"), () => pan(-0.5));
  button("→", gettext("Later"), () => pan(0.5));
  button(gettext("Whole period"), "", all);
  if (chart.story.length) button(gettext("The moments that matter"), "", () => {
    const [first, last] = [chart.story[0].time, chart.story.at(-1).time];
    const margin = Math.max((last - first) * 0.1, 10);
    show(first - margin, last + margin);
  });
  if (chart.zone) {
    const clocks = [["UTC", false], [gettext("Local time (%(zone)s)", { zone: chart.zone }), true]].map(([text, local]) => {
      const made = button(text, "", () => {
        chart.local = local;
        document.documentElement.classList.toggle("clock-local", local);
        clocks.forEach(([other, of]) => other.setAttribute("aria-pressed", String(of === local)));
        show(chart.from, chart.to);
      });
      made.setAttribute("aria-pressed", String(!local));
      return [made, local];
    });
  }

  function nearest(lane, time, within) {
    const near = chart.entries.filter(entry => (!lane || entry.lane === lane) && Math.abs(entry.time - time) <= within);
    return near.sort((one, two) => LEVELS.indexOf(two.level) - LEVELS.indexOf(one.level) || Math.abs(one.time - time) - Math.abs(two.time - time))[0];
  }
  function goTo(entry) {
    const link = entry.row.querySelector("a[href^='#row-']") ?? entry.row.querySelector("a[href^='#finding-']");
    const id = link ? link.hash.slice(1) : entry.row.id;
    if (location.hash === `#${id}`) reveal(id); else location.hash = id;
  }
  function tell(entry) {
    hover.textContent = `${chart.written(entry.time)} · ${entry.text}`;
  }

  chart.plots.forEach((plot, number) => {
    const lane = chart.lanes[number];
    const perPixel = () => (chart.to - chart.from) / plot.over.clientWidth;
    const timeAt = x => plot.posToVal(x, "x");
    plot.hooks.setCursor = [() => {
      const x = plot.cursor.left;
      if (x < 0 || !plot.over.matches(":hover")) return;
      const time = timeAt(x), step = perPixel() * BAR_WIDTH;
      const entry = nearest(lane.lane, time, step * 2);
      const count = countBetween(lane, time - step, time + step);
      hover.textContent = entry ? `${chart.written(entry.time)} · ${entry.text}`
        : ngettext("%(time)s · %(lane)s: %(num)s row here", "%(time)s · %(lane)s: %(num)s rows here", count, { time: chart.written(time), lane: lane.word });
    }];
    plot.hooks.setSelect = [() => {
      const { left, width } = plot.select;
      if (selecting || width < 3) return;
      selecting = true;
      const [from, to] = [timeAt(left), timeAt(left + width)];
      show(from, to);
      setTimeout(() => { // the other lanes are told of it only after this one
        for (const other of chart.plots) other.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        selecting = false;
      });
    }];
    let down = 0;
    plot.over.addEventListener("mousedown", event => { down = event.clientX; });
    plot.over.addEventListener("click", event => {
      if (Math.abs(event.clientX - down) > 2) return;
      const time = timeAt(event.offsetX), step = perPixel() * BAR_WIDTH;
      const entry = nearest(lane.lane, time, step * 2);
      if (entry) goTo(entry);
      else if (countBetween(lane, time - step, time + step)) zoom(0.125, time);
    });
    plot.over.addEventListener("wheel", event => {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(Math.max(Math.min(event.deltaY, 200), -200) / 400), timeAt(event.offsetX));
      else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) pan(sideways / plot.over.clientWidth);
      else return;
      event.preventDefault();
    }, { passive: false });
    touches(plot, perPixel);
  });

  /** One finger moves the span, two spread it. */
  function touches(plot, perPixel) {
    const fingers = new Map();
    plot.over.addEventListener("pointerdown", event => { if (event.pointerType === "touch") fingers.set(event.pointerId, event.clientX); });
    plot.over.addEventListener("pointermove", event => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
      fingers.set(event.pointerId, event.clientX);
      if (!others.length) { const by = (before - event.clientX) * perPixel(); show(chart.from + by, chart.to + by); return; }
      const [was, is] = [Math.abs(before - others[0]), Math.abs(event.clientX - others[0])];
      if (was > 8 && is > 8) zoom(was / is, plot.posToVal(others[0] - plot.over.getBoundingClientRect().left, "x"));
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) plot.over.addEventListener(end, event => fingers.delete(event.pointerId));
  }

  function step(by) {
    const inside = chart.entries.filter(entry => entry.time >= chart.from && entry.time <= chart.to);
    if (!inside.length) return;
    const at = inside.indexOf(chart.entries[current]);
    const entry = inside[at < 0 ? (by > 0 ? 0 : inside.length - 1) : Math.min(Math.max(at + by, 0), inside.length - 1)];
    current = chart.entries.indexOf(entry);
    for (const plot of chart.plots) plot.setCursor({ left: plot.valToPos(entry.time, "x"), top: 5 }, false);
    tell(entry);
  }
  const keys = {
    ArrowRight: event => event.shiftKey ? pan(0.25) : step(1), ArrowLeft: event => event.shiftKey ? pan(-0.25) : step(-1),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), Home: all, Escape: all, 0: all,
    Enter: () => { if (current >= 0) goTo(chart.entries[current]); },
  };
  chart.area.addEventListener("keydown", event => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    keys[event.key](event);
    event.preventDefault();
  });

  caption.textContent = matchMedia("(pointer: coarse)").matches
    ? gettext("One finger moves the span, two spread it; a tap goes to the evidence.")
    : gettext("Drag across the lanes to look closer, Ctrl and the wheel zoom; a click goes to the evidence.");
  tools.className = "tools";
  told.className = "span";
  hover.className = "hover";
  chart.area.tabIndex = 0;
  chart.area.setAttribute("role", "group");
  chart.area.setAttribute("aria-label", HOW);
  hover.setAttribute("aria-live", "polite");
  chart.figure.prepend(caption, tools);
  chart.figure.append(hover, told);
  new ResizeObserver(() => {
    for (const plot of chart.plots) plot.setSize({ width: Math.max(plot.root.parentElement.clientWidth, 100), height: plot.height });
    drawChart(chart);
  }).observe(chart.area);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawChart(chart));
  all();
}
