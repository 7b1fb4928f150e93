"use strict";
// What works on a page that is whole without it: sorting, filtering and downloading of tables,
// folds, texts of marks, colours. It makes elements and texts only, never markup out of data,
// fetches nothing and keeps nothing: pages that are opened from files share one storage.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  const LEAST_TO_FILTER = 9;
  const collator = new Intl.Collator("en", { numeric: true });
  const textOf = (node) => node.textContent.replace(/\s+/g, " ").trim();
  // The narrow no-break space between thousands is part of what is shown.
  const shownText = (cell) => cell.textContent.replace(/[ \t\n\r]+/g, " ").trim();

  // --- Sorting -------------------------------------------------------------------------------

  // What has no number stands last, whichever way one sorts.
  const isNothing = (text) => /^(?:|hidden|unknown|nobody|by definition|[\u2013\u2014-])\W*$/i.test(text);

  // All numbers of a cell, so that intervals that begin alike are told apart by their ends.
  function numbersOf(text) {
    const plain = text.replace(/(\d)[\u2009\u202f\u00a0 ](?=\d{3}(?!\d))/g, "$1").replace(/\u2212/g, "-");
    const found = (plain.match(/(?<![\w.])-?\d+(?:\.\d+)?/g) || []).map(Number);
    // Less than 0.001 comes before 0.001.
    if (/^\s*[<≤]/.test(plain) && found.length) found[0] -= 1e-9;
    return found;
  }

  function compareNumbers(one, other) {
    for (let place = 0; place < Math.max(one.length, other.length); place += 1) {
      const apart = (one[place] ?? -Infinity) - (other[place] ?? -Infinity);
      if (apart) return apart;
    }
    return 0;
  }

  function sortRows(table, column, direction) {
    const isText = table.tHead.rows[0].cells[column].classList.contains("text");
    for (const body of table.tBodies) {
      const rows = [...body.rows];
      const heads = rows.filter((row) => row.classList.contains("group"));
      const kept = rows.filter((row) => !row.classList.contains("group") && !row.classList.contains("none"));
      if (!kept.length) continue;
      const keyed = kept.map((row) => {
        const text = shownText(row.cells[column]);
        return { row, text, numbers: isText ? [] : numbersOf(text), nothing: isNothing(text) };
      });
      keyed.sort((one, other) => {
        if (direction === "none") return one.row.place - other.row.place;
        const apart = one.nothing - other.nothing;
        if (apart) return apart;
        const sign = direction === "ascending" ? 1 : -1;
        const order = isText
          ? collator.compare(one.text, other.text)
          : compareNumbers(one.numbers, other.numbers) || collator.compare(one.text, other.text);
        return sign * order || one.row.place - other.row.place;
      });
      body.append(...heads, ...keyed.map((each) => each.row));
    }
  }

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  function makeSortable(table) {
    all("tbody tr", table).forEach((row, place) => { row.place = place; });
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", title: "Sort; a third time restores the order" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const direction = NEXT[head.getAttribute("aria-sort") || "none"];
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (direction !== "none") head.setAttribute("aria-sort", direction);
        sortRows(table, column, direction);
      });
    });
  }

  // --- Filtering -----------------------------------------------------------------------------

  const rowsOf = (table) => all("tbody tr:not(.group):not(.none)", table);

  function groupOf(row) {
    const head = row.parentElement.querySelector("tr.group");
    return head ? shownText(head.cells[0]) : null;
  }

  function filterRows(table, asked) {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rowsOf(table)) {
      const text = `${groupOf(row) || ""} ${textOf(row)}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    for (const head of all("tr.group", table)) {
      head.hidden = ![...head.parentElement.rows].some((row) => row !== head && !row.hidden);
    }
  }

  function makeFilter(table, name) {
    const rows = rowsOf(table);
    const count = make("span", { className: "count" });
    count.setAttribute("role", "status");
    const input = make("input", { type: "search", autocomplete: "off" });
    input.setAttribute("aria-label", `Filter rows: ${name}`);
    function apply() {
      filterRows(table, input.value);
      const left = rows.filter((row) => !row.hidden).length;
      count.textContent = input.value ? `${left} of ${rows.length} rows` : "";
      count.classList.toggle("left-out", left < rows.length);
    }
    input.addEventListener("input", apply);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !input.value) return;
      input.value = "";
      apply();
    });
    return [make("label", {}, "Filter rows ", input), count];
  }

  // --- Downloading ---------------------------------------------------------------------------

  // A cell that a spreadsheet would run as a formula gets an apostrophe; a number does not.
  const FORMULA = /^'*(?: *[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\0])/;
  const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

  function csvCell(text) {
    const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  // Rows as they stand: in their order, without those that a filter leaves out.
  function csvOf(table) {
    const group = table.dataset.group;
    const lines = [[...table.tHead.rows[0].cells].map(shownText)];
    if (group) lines[0].unshift(group);
    for (const row of rowsOf(table)) {
      if (row.hidden) continue;
      const cells = [...row.cells].map(shownText);
      lines.push(group ? [groupOf(row) || "", ...cells] : cells);
    }
    return lines.map((cells) => cells.map(csvCell).join(",")).join("\r\n") + "\r\n";
  }

  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

  // Called after its section; names that would be alike are numbered.
  const taken = new Map();

  function fileName(table, name) {
    const section = table.closest("section")?.querySelector("h2")?.id;
    const own = [section, slug(name)].filter(Boolean).join("_").slice(0, 80) || "table";
    taken.set(own, (taken.get(own) || 0) + 1);
    return taken.get(own) > 1 ? `${own}-${taken.get(own)}.csv` : `${own}.csv`;
  }

  function makeDownload(table, name) {
    const button = make("button", { type: "button", textContent: "CSV" });
    const download = fileName(table, name);
    button.setAttribute("aria-label", `CSV: ${name}`);
    button.title = "Download the rows that stand here";
    button.addEventListener("click", () => {
      // The mark tells Excel that this is UTF-8.
      const blob = new Blob(["\ufeff", csvOf(table)], { type: "text/csv;charset=utf-8" });
      const link = make("a", { href: URL.createObjectURL(blob), download });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    });
    return button;
  }

  // --- Tables --------------------------------------------------------------------------------

  const hints = new Map();
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => showHint(target)));

  // A region that cannot be scrolled is no stop for the keyboard.
  function showHint(region) {
    const isWide = region.scrollWidth > region.clientWidth + 1;
    if (isWide) region.setAttribute("tabindex", "0");
    else region.removeAttribute("tabindex");
    hints.get(region).hidden = !isWide;
  }

  function equip(region) {
    const name = (region.getAttribute("aria-label") || "").replace(/^(?:Table|Figure): /, "");
    const hint = make("span", { className: "hint", textContent: "Scroll sideways to see all \u2194", hidden: true });
    const tools = make("div", { className: "tools" });
    const table = region.querySelector(":scope > table");
    if (table && rowsOf(table).length) {
      if (rowsOf(table).length > 1) makeSortable(table);
      if (rowsOf(table).length >= LEAST_TO_FILTER) tools.append(...makeFilter(table, name));
      tools.append(hint, makeDownload(table, name));
    } else {
      tools.append(hint);
    }
    region.before(tools);
    hints.set(region, hint);
    sizes.observe(region);
  }

  // --- Texts of marks ------------------------------------------------------------------------

  const tip = make("div", { id: "tip", hidden: true });
  tip.setAttribute("role", "tooltip");

  function showTip(mark) {
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    tip.style.left = "0px";
    const left = Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, width - tip.offsetWidth - 8);
    const isRoom = box.top > tip.offsetHeight + 8;
    const top = isRoom ? box.top - tip.offsetHeight - 6 : box.bottom + 6;
    tip.style.left = `${Math.max(8, left) + window.scrollX}px`;
    tip.style.top = `${top + window.scrollY}px`;
  }

  const hideTip = () => { tip.hidden = true; };
  const markOf = (event) => (event.target instanceof Element ? event.target.closest("[data-tip]") : null);

  // One stop for the keyboard a figure; arrows go from mark to mark.
  function makeTips(figure) {
    const marks = all("[data-tip]", figure);
    if (!marks.length) return;
    figure.setAttribute("role", "group");
    marks.forEach((mark, place) => {
      mark.setAttribute("tabindex", place ? "-1" : "0");
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", mark.dataset.tip);
    });
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const place = marks.indexOf(document.activeElement);
      if (!step || place < 0) return;
      event.preventDefault();
      marks[place].setAttribute("tabindex", "-1");
      const next = marks[(place + step + marks.length) % marks.length];
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  }

  // --- The page ------------------------------------------------------------------------------

  function openAll(isOpen) {
    all("main details").forEach((fold) => { fold.open = isOpen; });
  }

  function makeControls() {
    const theme = make("select", {}, ...["automatic", "light", "dark"].map((each) => make("option", {}, each)));
    theme.addEventListener("change", () => {
      if (theme.value === "automatic") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme.value;
    });
    const buttons = [["Open all folds", true], ["Close all folds", false]].map(([textContent, isOpen]) => {
      const button = make("button", { type: "button", textContent });
      button.addEventListener("click", () => openAll(isOpen));
      return button;
    });
    return make("div", { className: "controls" }, ...(document.querySelector("main details") ? buttons : []),
      make("label", {}, "Colours ", theme));
  }

  // The last section whose head has passed the upper part of the window.
  function markCurrent(links, heads) {
    const passed = heads.filter((head) => head.getBoundingClientRect().top < window.innerHeight / 3);
    const current = passed.length ? passed[passed.length - 1].id : heads[0].id;
    for (const link of links) {
      if (link.hash === `#${current}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  function makeContents(contents) {
    const fold = contents.querySelector("details");
    const wide = window.matchMedia("(min-width: 68rem)");
    const fit = () => { fold.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    const links = all("a", contents);
    links.forEach((link) => link.addEventListener("click", fit));
    const heads = all("main h2[id]");
    let isAsked = false;
    window.addEventListener("scroll", () => {
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(() => { isAsked = false; markCurrent(links, heads); });
    }, { passive: true });
    markCurrent(links, heads);
    fold.append(makeControls());
  }

  // Printing opens all folds, and closes afterwards what was closed.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("main details:not([open])");
    openAll(true);
  });
  window.addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
  document.documentElement.classList.add("scripted");
  all(".scroll").forEach(equip);
  all("figure svg").forEach(makeTips);
  document.body.append(tip);
  for (const [shows, hides] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(shows, (event) => { if (markOf(event)) showTip(markOf(event)); });
    document.addEventListener(hides, (event) => { if (markOf(event) && event.relatedTarget !== tip) hideTip(); });
  }
  tip.addEventListener("pointerleave", hideTip);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
  const contents = document.querySelector(".contents");
  if (contents) makeContents(contents);
  // A page in a frame of a notebook has no controls of its own.
  else document.querySelector("main")?.prepend(makeControls());
})();
