// Search and filter. A search hides rows; a filter makes a pool, which is ranked anew and named in the URL's hash.
"use strict";

(() => {
  const form = document.getElementById("filter");
  if (!form) return;

  const { plural, listed, headline, sureness } = window.leagueWords;
  const main = document.getElementById("main");
  const boxes = (name) => [...form.querySelectorAll(`input[name="${name}"]`)];
  const values = (name) => boxes(name).map((box) => box.value);
  const status = form.querySelector(".pool");
  const head = ["h1", ".lede", ".basis"].map((part) => document.querySelector(`header ${part}`)).filter(Boolean);
  const heads = head.map((part) => [...part.cloneNode(true).childNodes]);
  const tables = [...main.querySelectorAll("table.standings[data-column]")].map((table) => ({
    table,
    column: table.dataset.column,
    body: table.tBodies[0].cloneNode(true),
    axis: table.tHead.querySelector(".axis")?.cloneNode(true),
  }));
  let pool = null;
  let corrected = null;
  let latest = 0;
  let loading = null;

  // What is chosen: read from the hash, shown in the form, and written back when the form changes.

  function fromHash() {
    const hash = location.hash.slice(1);
    const query = new URLSearchParams(hash.includes("=") ? hash : "");
    const chosen = {};
    const unknown = [];
    for (const name of ["method", "column", "hide"]) {
      const known = values(name);
      const given = query.getAll(name);
      unknown.push(...given.filter((value) => value && !known.includes(value)));
      const all = name === "hide" ? [] : known;
      chosen[name] = new Set(query.has(name) ? given.filter((value) => known.includes(value)) : all);
    }
    return { ...chosen, unknown };
  }

  function fromForm() {
    const checked = (name) => new Set(boxes(name).filter((box) => box.checked).map((box) => box.value));
    return { method: checked("method"), column: checked("column"), hide: checked("hide") };
  }

  function toHash(chosen) {
    const query = new URLSearchParams();
    for (const name of ["method", "column"]) {
      if (chosen[name].size === boxes(name).length) continue;
      // A parameter without a value: none is chosen.
      for (const value of chosen[name].size ? chosen[name] : [""]) query.append(name, value);
    }
    for (const value of chosen.hide) query.append("hide", value);
    return query.toString();
  }

  function showInForm(chosen) {
    for (const name of ["method", "column", "hide"]) {
      for (const box of boxes(name)) box.checked = chosen[name].has(box.value);
      const label = form.querySelector(`[data-choice="${name}s"] .chosen`);
      const [count, all] = [chosen[name].size, boxes(name).length];
      if (label) label.textContent = count === all ? `all ${all}` : `${count} of ${all}`;
    }
    const filtered = Boolean(toHash(chosen));
    const whole = form.querySelector("[data-whole]");
    if (whole) whole.hidden = !filtered;
    return filtered;
  }

  function choose(chosen) {
    const hash = toHash(chosen);
    const address = `${location.pathname}${location.search}${hash && `#${hash}`}`;
    if (hash !== location.hash.slice(1)) history.pushState(null, "", address);
    apply();
  }

  // Ranking a pool: the data come as a script, since a page opened from the file system may load nothing else.

  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      window.leaguePool = (data) => resolve(window.leagueRanking.unpack(data));
      script.onerror = () => reject(new Error(`${form.dataset.script} could not be loaded`));
      script.src = form.dataset.script;
      document.head.append(script);
    });
    return loading;
  }

  function rank(chosen, data) {
    const columns = data.columns.filter((column) => chosen.column.size === 0
      ? boxes("column").length === 0 : chosen.column.has(column.id));
    const transductive = new Set(boxes("method").filter((box) => "transductive" in box.dataset).map((b) => b.value));
    const methods = [...chosen.method].filter((method) => !(
      (chosen.hide.has("transductive") && transductive.has(method))
      || (chosen.hide.has("partial") && columns.some((column) => !column.methods.includes(method)))
    ));
    return window.leagueRanking.rankPool(data, new Set(methods), new Set(columns.map((column) => column.id)));
  }

  async function apply() {
    const turn = latest += 1;
    const chosen = fromHash();
    const filtered = showInForm(chosen);
    let ranking = null;
    if (filtered) {
      try {
        ranking = rank(chosen, await load());
      } catch (error) {
        status.textContent = `No pool can be ranked: ${error.message}.`;
        return;
      }
    }
    if (turn !== latest) return;
    pool = ranking && new Set(ranking.overall.map((standing) => standing.method));
    corrected = ranking && ranking.corrected;
    for (const entry of tables) restate(entry, ranking, chosen);
    state(ranking, chosen);
    narrow();
  }

  // Showing it.

  function restate({ table, column, body, axis }, ranking, chosen) {
    for (const heading of table.tHead.querySelectorAll("[aria-sort]")) heading.removeAttribute("aria-sort");
    const fresh = body.cloneNode(true);
    let drawn = axis?.cloneNode(true);
    if (ranking) {
      const standings = column === "overall" ? ranking.overall : ranking.byColumn.get(column) ?? [];
      const originals = new Map([...fresh.rows].map((row) => [row.dataset.method, row]));
      const made = window.leagueRows.restate(originals, standings, { ranksDrawn: column === "overall" });
      const absent = [...fresh.querySelectorAll("tr.absent")].filter((row) => pool.has(row.dataset.method));
      fresh.replaceChildren(...made.rows, ...absent);
      drawn = made.axis ?? drawn;
    }
    table.tBodies[0].replaceWith(fresh);
    if (drawn) table.tHead.querySelector(".axis").replaceWith(drawn);
    for (const cell of table.querySelectorAll("[data-column]")) cell.hidden = !chosen.column.has(cell.dataset.column);
  }

  function state(ranking, chosen) {
    head.forEach((part, i) => part.replaceChildren(...heads[i].map((node) => node.cloneNode(true))));
    for (const block of main.querySelectorAll("[data-block]")) {
      block.hidden = Boolean(ranking) && !ranking.byColumn.has(block.dataset.block);
    }
    for (const part of document.querySelectorAll("[data-whole-board]")) part.hidden = Boolean(ranking);
    status.textContent = "";
    form.toggleAttribute("data-pool", Boolean(ranking));
    if (!ranking) return;
    const [title, lede, basis] = head;
    const columns = ranking.byColumn.size;
    title.textContent = headline(ranking.overall);
    if (lede) lede.textContent = `${sureness(ranking.overall)} ${price()}`.trim();
    const size = `${ranking.overall.length} of ${plural(boxes("method").length, "method")}`
      + (boxes("column").length ? ` on ${columns} of ${plural(boxes("column").length, "column")}` : "");
    if (basis) basis.textContent = "";
    const missing = chosen.unknown.length ? ` Not on this board: ${listed(chosen.unknown)}.` : "";
    status.textContent = ranking.overall.length
      ? `Pool of ${size}, ranked anew. Accuracies, and the seed variances behind every interval, are the whole board's.${missing}`
      : `Nothing is left to rank: choose a method${boxes("column").length ? " and a column" : ""}.${missing}`;
  }

  /** What the first of the pool costs, in the words of its row. */
  function price() {
    const cell = tables[0].table.querySelector("tbody tr .price, tbody tr .measured");
    const parts = cell ? [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean) : [];
    return parts.length ? `It costs ${parts.join(" · ")}.` : "";
  }

  function narrow() {
    const shown = window.leagueNarrow(main, pool, corrected, found);
    const searching = form.elements.search.value.trim() !== "";
    const button = form.querySelector('[data-set="found"]');
    if (button) button.hidden = !searching;
    form.querySelector(".found").textContent = searching ? `${plural(shown.size, "method")} found` : "";
  }

  function found(method) {
    const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => method.toLowerCase().includes(word));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => { if (event.target.name === "search") narrow(); });
  form.addEventListener("change", (event) => { if (event.target.name !== "search") choose(fromForm()); });
  form.addEventListener("click", ({ target }) => {
    const { set, benchmark, shot } = target.dataset;
    if ("whole" in target.dataset) {
      for (const name of ["method", "column"]) for (const box of boxes(name)) box.checked = true;
      for (const box of boxes("hide")) box.checked = false;
    } else if (set) {
      const mine = {
        all: () => true,
        none: () => false,
        found: (box) => found(box.value),
        only: (box) => (benchmark ? box.dataset.benchmark === benchmark : box.dataset.shot === shot),
      }[set];
      for (const box of target.closest("fieldset").querySelectorAll("input")) box.checked = mine(box);
      if (set === "found") form.elements.search.value = "";
    } else return;
    choose(fromForm());
  });
  addEventListener("hashchange", apply);
  // A link within the page would take the pool's place in the hash, and with it the pool out of the address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const goal = link && pool && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!goal) return;
    event.preventDefault();
    goal.scrollIntoView();
    goal.tabIndex = -1;
    goal.focus({ preventScroll: true });
  });
  // Open lists close when something else is clicked, or with Escape.
  const lists = [...form.querySelectorAll("details.choice")];
  document.addEventListener("click", ({ target }) => {
    for (const list of lists) if (!list.contains(target)) list.open = false;
  });
  form.addEventListener("keydown", (event) => {
    const list = event.key === "Escape" && event.target.closest("details.choice[open]");
    if (!list) return;
    list.open = false;
    list.querySelector("summary").focus();
  });
  form.hidden = false;
  apply();
})();
