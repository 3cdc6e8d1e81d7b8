// Makes the tables of figures sortable: a button in each heading; the vendored script does the sorting.
"use strict";

(() => {
  /** Headings that hold words get a button; one that holds a link keeps it and gets the button beside it. */
  function addButton(heading) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    if (heading.querySelector("a")) {
      button.setAttribute("aria-label", `Sort by ${heading.textContent.trim()}`);
      heading.append(button);
    } else {
      button.append(...heading.childNodes);
      heading.append(button);
    }
  }

  /** Figures are sorted from the highest down first, ranks and words from the lowest up. */
  function chooseDirection(event) {
    const heading = event.target.closest("table.sortable thead th");
    heading?.closest("table").classList.toggle("asc", !heading.classList.contains("num"));
  }

  for (const table of document.querySelectorAll("table.standings, table.data-table")) {
    const headings = table.tHead ? [...table.tHead.rows].at(-1).cells : [];
    if (table.tBodies[0]?.rows.length < 2) continue;
    for (const row of table.tHead.rows) {
      for (const heading of row.cells) {
        const sortable = row.cells === headings && heading.matches("th:not(.picture)") && heading.textContent.trim();
        if (sortable) addButton(heading);
        else heading.classList.add("no-sort");
      }
    }
    // A method's cell may hold more than its name.
    for (const name of table.matches(".standings") ? table.querySelectorAll("tr[data-method] > th.who") : []) {
      name.dataset.sort ??= name.parentElement.dataset.method;
    }
    table.classList.add("sortable", "n-last");
  }
  document.addEventListener("click", chooseDirection, { capture: true });
})();
