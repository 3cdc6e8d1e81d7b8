// Rows of standings for a pool: copies of the board's own rows with ranks, ties and probabilities of the pool.
"use strict";

(() => {
  const MISSING = "–";
  const MOST_ALIGNED = 10;

  const whole = (value) => (Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1));

  function probability(value) {
    if (value === null) return MISSING;
    if (value > 0.995) return ">0.99";
    return value < 0.005 ? "<0.01" : value.toFixed(2);
  }

  const pValue = (value) => (value < 0.001 ? "<0.001" : value.toFixed(3));

  /** An overall score as the page writes it: its half-width where that says all, else both ends. */
  function spread({ estimate, low, high }) {
    const text = estimate.toFixed(2);
    if (low === null) return text;
    const [down, up] = [estimate - low, high - estimate];
    return Math.abs(down - up) < 0.005
      ? `${text} ± ${((down + up) / 2).toFixed(2)}`
      : `${text} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  }

  function element(name, attributes = {}, ...children) {
    const made = name === "svg" || attributes.svg
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (key !== "svg") made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const shape = (name, attributes, ...children) => element(name, { ...attributes, svg: true }, ...children);

  function fill(cell, key, ...children) {
    if (!cell) return;
    cell.dataset.sort = key ?? "";
    cell.replaceChildren(...children);
  }

  /** Ranks 1 to n with half a rank on both sides, and the ticks that the board would draw. */
  function rankScale(count) {
    const step = [1, 5, 10, 20, 50, 100, 1000, 10000].find((size) => count <= 8 * size);
    const ticks = [1];
    for (let rank = 2; rank <= count; rank += 1) if (rank % step === 0) ticks.push(rank);
    const percent = (rank) => `${(100 * (rank - 0.5) / count).toFixed(2)}%`;
    return { ticks, percent };
  }

  function rankPlot({ estimate, low, high }, scale) {
    const picture = shape("svg", { class: "plot", "aria-hidden": "true", focusable: "false" });
    for (const tick of scale.ticks) {
      const x = scale.percent(tick);
      picture.append(shape("line", { class: "grid", x1: x, x2: x, y1: "0", y2: "100%" }));
    }
    if (low !== null) {
      const ends = { x1: scale.percent(low), x2: scale.percent(high) };
      picture.append(shape("line", { class: "interval", ...ends, y1: "50%", y2: "50%" }));
    }
    picture.append(shape("circle", { class: "dot", cx: scale.percent(estimate), cy: "50%", r: "4.5" }));
    return picture;
  }

  function rankAxis(scale) {
    const texts = scale.ticks.map((tick) => shape(
      "text", { x: scale.percent(tick), y: "11", "text-anchor": "middle" }, String(tick),
    ));
    return shape("svg", { class: "axis", "aria-hidden": "true", focusable: "false" }, ...texts);
  }

  function tieLetters(ties, letters) {
    const parts = letters.length > MOST_ALIGNED ? [ties] : letters.map((letter) => (ties.includes(letter)
      ? element("span", {}, letter)
      : element("span", { class: "none", "aria-hidden": "true" }, "·")));
    return element("span", { class: "ties" }, ...parts);
  }

  function drawn(row, standing, scale) {
    const partial = standing.missing > 0;
    row.classList.toggle("partial", partial);
    if (!partial) row.querySelector(".badge.warn")?.remove();
    const cell = row.querySelector("td.picture");
    if (!cell || !scale) return;
    const words = element("small", {}, "ranked within its own columns");
    cell.classList.toggle("quiet", partial);
    cell.replaceChildren(partial ? words : rankPlot(standing.rank, scale));
  }

  /** A row of the board as the pool has it. ``scale``: of ranks, where the picture shows them. */
  function restated(original, standing, letters, scale) {
    const row = original.cloneNode(true);
    const { rank, score } = standing;
    const parts = [element("span", { class: "median" }, whole(rank.estimate))];
    if (rank.low !== null) {
      parts.push(" ", element("span", { class: "among" }, `${whole(rank.low)}–${whole(rank.high)}`));
    }
    fill(row.querySelector(".rank"), rank.estimate, ...parts);
    fill(row.querySelector(".tied"), standing.ties, tieLetters(standing.ties, letters));
    fill(row.querySelector(".next"), standing.next, probability(standing.next));
    if (scale) fill(row.querySelector(".score"), score.estimate, spread(score));
    drawn(row, standing, scale);
    return row;
  }

  /** The body's rows for the pool's standings, from the board's rows by method. */
  function restate(originals, standings, { ranksDrawn }) {
    const letters = [...new Set(standings.flatMap((standing) => [...standing.ties]))];
    const scale = ranksDrawn && standings.length ? rankScale(standings.length) : null;
    const rows = standings.map((standing) => restated(originals.get(standing.method), standing, letters, scale));
    return { rows, axis: scale && rankAxis(scale) };
  }

  window.leagueRows = { restate, probability, pValue };
})();
