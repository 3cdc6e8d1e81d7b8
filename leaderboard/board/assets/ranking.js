// Ranks a pool of methods on a choice of columns from the joint draws that the board embeds. It follows
// leaderboard/statistics (standings.py, pool.py, overall.py, repool.py) step by step; tests hold the two together.
"use strict";

(() => {
  const DECIMALS = 1e10;

  const rounded = (value) => Math.round(value * DECIMALS) / DECIMALS;

  function bytes(text) {
    const characters = atob(text);
    const result = new Uint8Array(characters.length);
    for (let i = 0; i < result.length; i += 1) result[i] = characters.charCodeAt(i);
    return result.buffer;
  }

  /** P values of the pairs above the diagonal as rows of a symmetric M x M matrix. */
  function symmetric(values, size) {
    const matrix = Array.from({ length: size }, () => new Float64Array(size).fill(NaN));
    let next = 0;
    for (let a = 0; a < size; a += 1) {
      for (let b = a + 1; b < size; b += 1) {
        matrix[a][b] = matrix[b][a] = values[next];
        next += 1;
      }
    }
    return matrix;
  }

  /** The embedded data with its numbers unpacked; methods of a column become names. */
  function unpack(data) {
    const chosen = new Uint16Array(bytes(data.resampling));
    const columns = data.columns.map((column) => {
      const size = column.methods.length;
      const codes = new Uint16Array(bytes(column.draws));
      const draws = column.methods.map((_, row) => {
        const drawn = new Float64Array(codes.subarray(row * data.draws, (row + 1) * data.draws));
        for (let d = 0; d < drawn.length; d += 1) drawn[d] = column.low + column.step * drawn[d];
        return drawn;
      });
      const pairs = {};
      for (const name of ["tail", "variance", "degrees"]) {
        pairs[name] = symmetric(new Float32Array(bytes(column[name])), size);
      }
      return { ...column, ...pairs, draws, methods: column.methods.map((m) => data.methods[m]) };
    });
    return { ...data, columns, resampling: chosen };
  }

  /** A column cut down to some methods: nothing is estimated anew. */
  function among(column, methods) {
    const rows = column.methods.flatMap((method, row) => (methods.has(method) ? [row] : []));
    const pick = (values) => rows.map((row) => values[row]);
    const square = (matrix) => pick(matrix).map((line) => rows.map((row) => line[row]));
    return {
      ...column,
      methods: pick(column.methods),
      means: pick(column.means),
      testable: pick(column.testable),
      draws: pick(column.draws),
      tail: square(column.tail),
      variance: square(column.variance),
      degrees: square(column.degrees),
    };
  }

  /** Row numbers, the highest score first; names, which come in order, where scores are equal. */
  function inOrder(scores) {
    const settled = scores.map(rounded);
    return settled.map((_, row) => row).sort((a, b) => settled[b] - settled[a] || a - b);
  }

  /** First place in a rising array whose value is at least (or, with ``after``, above) the value. */
  function place(sorted, value, after) {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle] < value || (after && sorted[middle] === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Ranks of all rows over the draws: 1 is the highest, equal ones share the mean of their ranks. */
  function rankDraws(draws) {
    const ranks = draws.map((drawn) => new Float64Array(drawn.length));
    const sorted = new Float64Array(draws.length);
    for (let d = 0; d < draws[0].length; d += 1) {
      for (let row = 0; row < draws.length; row += 1) sorted[row] = draws[row][d];
      sorted.sort();
      for (let row = 0; row < draws.length; row += 1) {
        const value = draws[row][d];
        // The mean of the places that equal values hold, counted from the highest.
        const [first, last] = [place(sorted, value, false), place(sorted, value, true)];
        ranks[row][d] = draws.length - (first + last - 1) / 2;
      }
    }
    return ranks;
  }

  /** Median rank and the interval of ranks that were drawn; no interval where nothing is known. */
  function rankInterval(drawn, level, known) {
    const sorted = Float64Array.from(drawn).sort();
    const count = sorted.length;
    const estimate = (sorted[Math.floor((count - 1) / 2)] + sorted[Math.floor(count / 2)]) / 2;
    if (!known) return { estimate, low: null, high: null };
    const outside = (1 - level) / 2;
    const [low, high] = [outside, 1 - outside].map((q) => sorted[Math.ceil(count * q - 1)]);
    return { estimate, low, high };
  }

  /** Score with the central interval of its draws, widened to hold it. */
  function scoreInterval(score, drawn, level, known) {
    const estimate = rounded(score);
    if (!known) return { estimate, low: null, high: null };
    const sorted = Float64Array.from(drawn).sort();
    const [low, high] = [(1 - level) / 2, (1 + level) / 2].map((q) => {
      const place = q * (sorted.length - 1);
      const below = Math.floor(place);
      const above = Math.min(below + 1, sorted.length - 1);
      return rounded(sorted[below] + (sorted[above] - sorted[below]) * (place - below));
    });
    return { estimate, low: Math.min(estimate, low), high: Math.max(estimate, high) };
  }

  /** Share of the draws that put one ahead of another, equal ones counted half. */
  function ahead(drawn, other) {
    let sum = 0;
    drawn.forEach((value, d) => { sum += value > other[d] ? 1 : value === other[d] ? 0.5 : 0; });
    return rounded(sum / drawn.length);
  }

  /** Standings, best first, of rows with scores, draws, tails of their pairs and whether they have intervals. */
  function standings({ methods, scores, draws, tail, known, level, interval }) {
    const order = inOrder(scores);
    const p = window.leagueTies.corrected(tail);
    const ranks = rankDraws(draws);
    const letters = window.leagueTies.tieGroups(order.map((a) => order.map((b) => p[a][b] < 1 - level)));
    return order.map((row, place) => {
      const below = order[place + 1];
      const tellable = below !== undefined && known[row] && known[below];
      return {
        method: methods[row],
        score: interval(row),
        rank: rankInterval(ranks[row], level, known[row]),
        ties: letters[place],
        next: tellable ? ahead(draws[row], draws[below]) : null,
        missing: 0,
      };
    });
  }

  /** Scores over columns that all the methods have, with their draws: benchmarks weigh equally. */
  function gather(methods, columns, data) {
    const benchmarks = [...new Set(columns.map((column) => column.benchmark))].sort((a, b) => a - b);
    const number = columns.map((column) => benchmarks.indexOf(column.benchmark));
    const size = benchmarks.length;
    const within = number.map((n) => 1 / number.filter((other) => other === n).length);
    const normal = (column, value) => (value - column.chance) / (1 - column.chance);
    const rows = columns.map((column) => methods.map((method) => column.methods.indexOf(method)));
    const scores = columns.map((column, c) => rows[c].map((row) => normal(column, column.means[row])));
    const weights = within.map((share) => share / size);
    const weightDraws = columns.map((_, c) => Float64Array.from({ length: data.draws }, (_, d) => {
      if (size === 1) return within[c];
      let times = 0;
      for (let i = 0; i < size - 1; i += 1) {
        times += ((data.resampling[i * data.draws + d] * size) >>> 16) === number[c] ? 1 : 0;
      }
      return times * within[c] / (size - 1);
    }));
    const draws = methods.map((_, m) => Float64Array.from({ length: data.draws }, (_, d) => {
      let sum = 0;
      columns.forEach((column, c) => {
        sum += normal(column, column.draws[rows[c][m]][d]) * weightDraws[c][d];
      });
      return sum;
    }));
    const mean = methods.map((_, m) => scores.reduce((sum, line, c) => sum + weights[c] * line[m], 0));
    const known = methods.map((_, m) => columns.every((column, c) => Boolean(column.testable[rows[c][m]])));
    return { methods, columns, number, size, rows, scores, weights, draws, mean, known };
  }

  /** One-sided p-value of equal mean scores: a t test over benchmarks that is no surer than seeds and episodes
   * allow; NaN where a side has no interval. */
  function overallTail(pool, a, b) {
    if (!pool.known[a] || !pool.known[b]) return NaN;
    const parts = Array(pool.size).fill(0);
    let lost = 0;
    pool.columns.forEach((column, c) => {
      const [i, j] = [pool.rows[c][a], pool.rows[c][b]];
      const part = pool.weights[c] / (1 - column.chance);
      parts[pool.number[c]] += part * Math.sqrt(column.variance[i][j]);
      lost += (part ** 2 * column.variance[i][j]) ** 2 / column.degrees[i][j];
    });
    if (pool.columns.length === 1) return pool.columns[0].tail[pool.rows[0][a]][pool.rows[0][b]];
    let variance = parts.reduce((sum, part) => sum + part ** 2, 0);
    let degrees = variance > 0 ? variance ** 2 / lost : 1e6;
    const difference = Math.abs(pool.mean[a] - pool.mean[b]);
    if (pool.size > 1) {
      const differences = parts.map((_, n) => {
        const mine = pool.scores.filter((_, c) => pool.number[c] === n);
        return mine.reduce((sum, line) => sum + line[a], 0) / mine.length
          - mine.reduce((sum, line) => sum + line[b], 0) / mine.length;
      });
      const centre = differences.reduce((sum, value) => sum + value, 0) / pool.size;
      const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0);
      variance = Math.max(squares / (pool.size - 1) / pool.size, variance);
      degrees = pool.size - 1;
    }
    return window.leagueStudent.tail(difference === 0 ? 0 : difference / Math.sqrt(variance), degrees);
  }

  function complete(methods, columns, data) {
    const pool = gather(methods, columns, data);
    const tail = methods.map((_, a) => methods.map((_, b) => (a < b ? overallTail(pool, a, b) : NaN)));
    return standings({
      methods,
      scores: pool.mean,
      draws: pool.draws,
      tail,
      known: pool.known,
      level: data.level,
      interval: (row) => scoreInterval(pool.mean[row], pool.draws[row], data.level, pool.known[row]),
    });
  }

  /** A method with holes, in its own pool: the columns it has, among the methods that have all of them. */
  function partial(method, methods, columns, data) {
    const held = columns.filter((column) => column.methods.includes(method));
    const peers = methods.filter((other) => held.every((column) => column.methods.includes(other)));
    const pool = gather(peers, held, data);
    const row = peers.indexOf(method);
    const known = pool.known[row];
    return {
      method,
      score: scoreInterval(pool.mean[row], pool.draws[row], data.level, known),
      rank: rankInterval(rankDraws(pool.draws)[row], data.level, known),
      ties: "",
      next: null,
      missing: columns.length - held.length,
      share: peers.length,
    };
  }

  /** Complete methods by their scores, then partial ones: those with most columns, then higher in their pools. */
  function overall(columns, data) {
    const methods = data.methods.filter((method) => columns.some((c) => c.methods.includes(method)));
    const whole = methods.filter((method) => columns.every((column) => column.methods.includes(method)));
    const rest = methods.filter((method) => !whole.includes(method));
    const found = rest.map((method) => partial(method, methods, columns, data));
    found.sort((x, y) => x.missing - y.missing || x.rank.estimate / x.share - y.rank.estimate / y.share);
    return [...(whole.length ? complete(whole, columns, data) : []), ...found];
  }

  /**
   * Rank some methods (a Set of labels) on some columns (a Set of ids) of unpacked data, as if no others were on
   * the board: { overall: [standing], byColumn: Map of id to [standing] }, best first. A standing has method,
   * score, rank ({ estimate, low, high }), ties, next (P(better than the next), or null) and missing columns.
   * corrected: Map of id to a function that gives the Holm-corrected p-value of two methods.
   */
  function rankPool(data, methods, columns) {
    const chosen = data.columns
      .filter((column) => columns.has(column.id))
      .map((column) => among(column, methods))
      .filter((column) => column.methods.length);
    const byColumn = new Map(chosen.map((column) => [column.id, standings({
      methods: column.methods,
      scores: column.means,
      draws: column.draws,
      tail: column.tail,
      known: column.testable.map(Boolean),
      level: data.level,
      interval: (row) => ({ estimate: rounded(column.means[row]), low: null, high: null }),
    })]));
    const corrected = new Map(chosen.map((column) => {
      const p = window.leagueTies.corrected(column.tail);
      return [column.id, (a, b) => p[column.methods.indexOf(a)]?.[column.methods.indexOf(b)]];
    }));
    return { overall: chosen.length ? overall(chosen, data) : [], byColumn, corrected };
  }

  window.leagueRanking = { unpack, rankPool };
})();
