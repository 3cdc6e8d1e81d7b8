// The t distribution's tail, by the continued fraction of the incomplete beta function (Lentz's method).
"use strict";

(() => {
  const LANCZOS = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];

  /** Logarithm of the gamma function for x > 0 (Lanczos, g = 7: fifteen digits). */
  function logGamma(x) {
    let sum = 0.99999999999980993;
    LANCZOS.forEach((coefficient, i) => { sum += coefficient / (x + i); });
    const t = x + 6.5;
    return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
  }

  function fraction(x, a, b) {
    const tiny = 1e-300;
    let c = 1;
    let d = 1 / (Math.abs(1 - (a + b) * x / (a + 1)) < tiny ? tiny : 1 - (a + b) * x / (a + 1));
    let value = d;
    for (let m = 1; m <= 10000; m += 1) {
      const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
      let change = 1;
      for (const term of [even, odd]) {
        d = 1 + term * d;
        c = 1 + term / c;
        d = 1 / (Math.abs(d) < tiny ? tiny : d);
        c = Math.abs(c) < tiny ? tiny : c;
        change = c * d;
        value *= change;
      }
      if (Math.abs(change - 1) < 1e-15) break;
    }
    return value;
  }

  /** Regularised incomplete beta function of x, and 1 - x, which may be too small to be told from it. */
  function incompleteBeta(x, rest, a, b) {
    if (x <= 0) return 0;
    if (rest <= 0) return 1;
    const front = Math.exp(
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(rest),
    );
    return x < (a + 1) / (a + b + 2)
      ? front * fraction(x, a, b) / a
      : 1 - front * fraction(rest, b, a) / b;
  }

  /** P(T > t) for t >= 0 and any positive degrees of freedom. */
  function tail(t, degrees) {
    if (t === Infinity) return 0;
    const whole = degrees + t * t;
    return 0.5 * incompleteBeta(degrees / whole, t * t / whole, degrees / 2, 0.5);
  }

  window.leagueStudent = { tail };
})();
