// Hides whatever is of methods that are not in the pool or not searched for, and restates what the pool changes.
"use strict";

(() => {
  /** Rows and columns of a matrix of verdicts, which hold between two methods in any pool; places are the pool's. */
  function narrowMatrix(table) {
    let place = 0;
    [...table.tBodies[0].rows].forEach((row, i) => {
      for (const line of table.rows) if (line.cells[i + 1]) line.cells[i + 1].hidden = row.hidden;
      if (row.hidden) return;
      place += 1;
      row.querySelector(".place").textContent = place;
      table.tHead.rows[0].cells[i + 1].querySelector("abbr").textContent = place;
    });
  }

  /** A row about a pair; its corrected p-value depends on the pairs that it is corrected for. */
  function narrowPair(row, inPool, corrected, found) {
    const { a, b } = row.dataset;
    row.hidden = !(inPool(a) && inPool(b) && (found(a) || found(b)));
    const cell = row.querySelector(".holm");
    if (!cell || row.hidden) return;
    cell.dataset.whole ??= cell.textContent;
    cell.dataset.wholeSort ??= cell.dataset.sort;
    const p = corrected?.get(row.closest("[data-column]").dataset.column)?.(a, b);
    const told = p !== undefined && !Number.isNaN(p);
    cell.textContent = told ? window.leagueRows.pValue(p) : cell.dataset.whole;
    cell.dataset.sort = told ? p : cell.dataset.wholeSort;
  }

  /**
   * Narrow everything in ``main``. ``pool``: a Set of labels, or null for the whole board; ``corrected``: of each
   * column id the Holm-corrected p-value of two methods in the pool; ``found``: whether a label is searched for.
   * Returns the Set of methods that are shown anywhere.
   */
  window.leagueNarrow = (main, pool, corrected, found) => {
    const inPool = (method) => pool === null || pool.has(method);
    const shown = new Set();
    for (const part of main.querySelectorAll("[data-method]")) {
      const { method } = part.dataset;
      part.hidden = !(inPool(method) && found(method));
      if (!part.hidden) shown.add(method);
    }
    for (const row of main.querySelectorAll("tr[data-a]")) narrowPair(row, inPool, corrected, found);
    for (const table of main.querySelectorAll("table.matrix")) narrowMatrix(table);
    return shown;
  };
})();
