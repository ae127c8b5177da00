"use strict";
(async () => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const WIDE = {{ wide }}; // pixels of a chart's own width below which it takes the layout of a phone
  const NARROW = 640; // pixels of a window below which tables begin with their numbers
  const LONG = 300; // rows of a table that has a window of its own, since nobody would reach what stands below it
  const PAPER = 680; // pixels that A4 and Letter have room for beside their margins

  function unpacked(id) { // of this page, or of the file that the pages of a site share
    const own = document.getElementById(id);
    return unzipped(own ? own.textContent : window.archstatLibraries[id]);
  }

  async function unzipped(packed) {
    const text = atob(packed);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  globalThis.archstatPage = { unpacked }; // for the scripts of single blocks

  // -- charts: colours are names of the style sheet, so one figure serves light, dark and print

  function coloured(value, style) {
    if (typeof value === "string") return value.replace(/var\(--(\w+)\)/g, (_, name) => style.getPropertyValue("--" + name).trim());
    if (Array.isArray(value)) return value.map((each) => coloured(each, style));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
    return value;
  }

  const charts = new Map();
  let isPrinted = false; // the window keeps its width while it is printed, so paper has one of its own

  function draw(figure) {
    const { views, chosen } = charts.get(figure);
    const view = views[chosen];
    const plot = figure.querySelector(".plot");
    const isNarrow = !isPrinted && plot.clientWidth < WIDE;
    charts.get(figure).isNarrow = isNarrow;
    const width = isPrinted ? { width: PAPER } : {};
    const layout = coloured({ ...view.layout, ...(isNarrow ? view.narrow : {}), ...width }, getComputedStyle(root));
    plot.setAttribute("aria-label", view.alt);
    plot.style.minHeight = layout.height + "px";
    figure.classList.add("drawn");
    const options = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
    const { wanted } = charts.get(figure);
    if (figure.querySelector(".finder")) tell(figure, view, wanted);
    const data = view.data.map((trace) => marked(trace, wanted));
    return Plotly.react(plot, coloured(data, getComputedStyle(root)), layout, options);
  }

  // -- names that a reader looks for stand out, and the others fade

  const SAID = 5; // as many names as are read

  function found(trace, wanted) {
    if (!trace.customdata || !wanted) return [];
    const parts = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return trace.customdata.map((name, place) => [name.toLowerCase(), place])
      .filter(([name]) => parts.every((part) => name.includes(part))).map(([, place]) => place);
  }

  function marked(trace, wanted) {
    if (!wanted) return trace;
    if (!trace.customdata) return { ...trace, opacity: .3 };
    const strong = { marker: { color: "var(--ink)", opacity: 1, size: 10 } };
    return { ...trace, selectedpoints: found(trace, wanted), selected: strong, unselected: { marker: { opacity: .07 } } };
  }

  function tell(figure, view, wanted) {
    const names = view.data.flatMap((trace) => found(trace, wanted).map((place) => trace.customdata[place])).sort((a, b) => a.length - b.length || (a < b ? -1 : 1)); // the nearest first
    const more = names.length > SAID ? {{ literal(" and {count} more", count="names.length - SAID") }} : "";
    const all = view.data.reduce((sum, trace) => sum + (trace.customdata ? trace.customdata.length : 0), 0);
    figure.querySelector(".finder output").textContent =
      !wanted ? {{ literal("{count} networks", count='all.toLocaleString("en")') }} : names.length ? `${names.length}: ${names.slice(0, SAID).join(", ")}${more}` : {{ say("No name fits.") | tojson }};
  }

  const drawAll = () => Promise.all([...charts.keys()].map(draw));

  async function startCharts() {
    const content = JSON.parse(await unpacked("charts"));
    if (!window.Plotly) {
      const script = document.createElement("script");
      script.textContent = await unpacked("library-plotly");
      document.head.append(script);
    }
    for (const [id, { views }] of Object.entries(content)) {
      const figure = document.getElementById(id);
      charts.set(figure, { views, chosen: 0, wanted: "" });
      figure.querySelector(".finder input")?.addEventListener("input", (event) => {
        charts.get(figure).wanted = event.target.value.trim();
        draw(figure);
      });
      const buttons = [...figure.querySelectorAll(".switch button")];
      buttons.forEach((button, place) => button.addEventListener("click", () => {
        charts.get(figure).chosen = place;
        buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
        draw(figure);
      }));
    }
    await drawAll();
    new ResizeObserver(() => {
      for (const [figure, state] of charts) {
        if ((figure.querySelector(".plot").clientWidth < WIDE) !== state.isNarrow) draw(figure);
      }
    }).observe(document.body);
  }

  // -- light, dark and paper

  const scheme = document.getElementById("scheme");
  const isDark = () => (root.dataset.scheme || (dark.matches ? "dark" : "light")) === "dark";
  function recolour() {
    scheme.textContent = isDark() ? {{ say("Light") | tojson }} : {{ say("Dark") | tojson }};
    return drawAll();
  }
  scheme.hidden = false;
  scheme.addEventListener("click", () => { root.dataset.scheme = isDark() ? "light" : "dark"; recolour(); });
  dark.addEventListener("change", recolour);
  addEventListener("beforeprint", () => {
    root.dataset.before = root.dataset.scheme || "";
    root.dataset.scheme = "light";
    isPrinted = true;
    recolour();
  });
  addEventListener("afterprint", () => {
    isPrinted = false;
    if (root.dataset.before) root.dataset.scheme = root.dataset.before; else delete root.dataset.scheme;
    recolour().then(() => charts.forEach((_, figure) => Plotly.Plots.resize(figure.querySelector(".plot"))));
  });

  // -- tables: sorted and searched by DataTables; the sums of a row open under it

  async function startTables() {
    const tables = [...document.querySelectorAll("table.data")];
    if (!tables.length) return;
    const address = URL.createObjectURL(new Blob([await unpacked("library-tables")], { type: "text/javascript" }));
    const { default: DataTable } = await import(address);
    URL.revokeObjectURL(address);
    for (const type of ["string", "string-utf8", "html", "html-utf8"]) { // who looks for 3x3 means 3×3
      const before = DataTable.ext.type.search[type];
      DataTable.ext.type.search[type] = (text, ...rest) => {
        const found = before ? before(text, ...rest) : text;
        return typeof found === "string" && found.includes("×") ? `${found} ${found.replaceAll("×", "x")}` : found;
      };
    }
    for (const element of tables) {
      if (document.body.clientWidth < NARROW) numbersFirst(element);
      const isLong = element.tBodies[0].rows.length > 6;
      const table = new DataTable(element, {
        paging: false, order: [], columnDefs: [{ targets: "number", orderSequence: ["desc", "asc"] }], autoWidth: false, searching: isLong, info: isLong,
        layout: { topStart: isLong ? "search" : null, topEnd: null, bottomStart: isLong ? "info" : null, bottomEnd: null },
        language: { search: {{ say("Search") | tojson }}, info: {{ say("{total} rows", total="_TOTAL_") | tojson }}, infoEmpty: {{ say("No rows") | tojson }}, infoFiltered: {{ say("of {all}", all="_MAX_") | tojson }}, zeroRecords: {{ say("No row fits.") | tojson }} },
      });
      const scroll = element.closest(".scroll");
      scroll.before(...scroll.querySelectorAll(".dt-search")); // what one types into does not move with the columns
      scroll.after(...scroll.querySelectorAll(".dt-info"));
      const packed = scroll.querySelector(".packed-sums");
      let sums = null; // of all rows, unpacked when the first one is opened
      element.addEventListener("click", async (event) => {
        const button = event.target.closest("button.open");
        if (!button) return;
        const row = table.row(button.closest("tr"));
        if (row.child.isShown()) row.child.hide();
        else {
          sums ??= JSON.parse(await unzipped(packed.textContent));
          row.child(sums[button.dataset.row]).show();
        }
        button.setAttribute("aria-expanded", String(row.child.isShown()));
      });
    }
    new ResizeObserver(() => document.querySelectorAll(".scroll").forEach(fit)).observe(document.body);
  }

  function numbersFirst(table) { // on a phone there is room for the name and some numbers, and those are what one came for
    const hasSign = !table.tHead.rows[0].cells[0].textContent.trim(); // without a header, before the name
    for (const row of table.rows) {
      if (hasSign) row.prepend(row.cells[1]); // the name is what stays in sight
      row.append(...[...row.cells].slice(hasSign ? 2 : 1).filter((cell) => !cell.classList.contains("number")));
    }
  }

  function fit(scroll) { // a table that fits has a header that stays in sight while the page moves
    scroll.classList.remove("fits");
    const isShort = scroll.querySelector("table").rows.length < LONG;
    scroll.classList.toggle("fits", isShort && scroll.scrollWidth <= scroll.clientWidth);
  }

  scheme.textContent = isDark() ? {{ say("Light") | tojson }} : {{ say("Dark") | tojson }};
  const started = [startTables()];
  if (document.getElementById("charts")) started.push(startCharts());
  await Promise.all(started);
  root.dataset.ready = "yes"; // what a test, or a printer, waits for
})();
