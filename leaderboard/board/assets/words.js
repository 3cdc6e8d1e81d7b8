// What the head of the page says of a pool, as leaderboard/board/summary.py says it of the whole board.
"use strict";

(() => {
  const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

  function headline(standings) {
    const [first, ...others] = standings.filter((standing) => !standing.missing);
    if (!standings.length) return "No method is chosen.";
    if (!first) return "No overall order: no method of this pool has a result in every column.";
    if (!others.length) return `${first.method} stands alone in this pool.`;
    const tied = others.filter((other) => [...first.ties].some((letter) => other.ties.includes(letter)));
    if (!tied.length) {
      const rivals = others.length === 1 ? "the other method" : `each of the ${others.length} others`;
      return `${first.method} is ahead in this pool, and separable from ${rivals}.`;
    }
    if (tied.length === others.length) {
      return `No clear winner in this pool: ${first.method} scores highest, but no other method can be told from it.`;
    }
    return tied.length > 3
      ? `${first.method} comes first in this pool, but ${tied.length} methods cannot be told from it.`
      : `${first.method} comes first in this pool, but cannot be told from ${listed(tied.map((t) => t.method))}.`;
  }

  function sureness([first, second]) {
    return first?.next === null || !second ? ""
      : `Probability that ${first.method} is better than the next, ${second.method}: ${window.leagueRows.probability(first.next)}.`;
  }

  window.leagueWords = { plural, listed, headline, sureness };
})();
