// Tie groups of a pool: Holm's correction, then letters such that methods share one exactly where they are not
// separable. It follows leaderboard/statistics (comparisons.py, ties.py).
"use strict";

(() => {
  /** Holm-corrected p-values of the pairs, from their one-sided tails; NaN, no test, counts for nothing. */
  function corrected(tail) {
    const result = tail.map((line) => line.map(() => NaN));
    const pairs = [];
    tail.forEach((line, a) => line.forEach((value, b) => {
      if (a < b && !Number.isNaN(value)) pairs.push([Math.min(2 * value, 1), a, b]);
    }));
    pairs.sort((x, y) => x[0] - y[0]);
    let stepped = 0;
    pairs.forEach(([p, a, b], i) => {
      stepped = Math.max(stepped, p * (pairs.length - i));
      result[a][b] = result[b][a] = Math.min(stepped, 1);
    });
    return result;
  }

  function* alphabet() {
    yield* "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (let code = 0xc0; ; code += 1) {
      if (/^\p{Lowercase}$/u.test(String.fromCodePoint(code))) yield String.fromCodePoint(code);
    }
  }

  /** Letters such that methods, best first, share one exactly where they are not separable. */
  function tieGroups(apart) {
    const size = apart.length;
    const covered = apart.map(() => new Int32Array(size));
    const each = (group, visit) => group.forEach((a) => group.forEach((b) => visit(a, b)));
    const groups = [];
    for (let first = 0; first < size; first += 1) {
      for (let second = first; second < size; second += 1) {
        if (apart[first][second] || covered[first][second]) continue;
        const group = [...new Set([first, second])];
        for (let other = 0; other < size; other += 1) {
          if (!group.includes(other) && group.every((member) => !apart[member][other])) group.push(other);
        }
        group.sort((a, b) => a - b);
        each(group, (a, b) => { covered[a][b] += 1; });
        groups.push(group);
      }
    }
    const kept = [];
    for (const group of groups.reverse()) {
      let spare = true;
      each(group, (a, b) => { spare &&= covered[a][b] > 1; });
      if (spare) each(group, (a, b) => { covered[a][b] -= 1; });
      else kept.push(group);
    }
    kept.sort((x, y) => {
      const at = x.findIndex((member, i) => member !== y[i]);
      return at < 0 || at >= y.length ? x.length - y.length : x[at] - y[at];
    });
    const letters = Array(size).fill("");
    const names = alphabet();
    for (const group of kept) {
      const letter = names.next().value;
      for (const member of group) letters[member] += letter;
    }
    return letters;
  }

  window.leagueTies = { corrected, tieGroups };
})();
