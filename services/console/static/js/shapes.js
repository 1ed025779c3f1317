// Plane geometry in pixels: the hull of a district, and markers that keep their distance.

/** Convex hull (Andrew's monotone chain) of [[x, y], …], counter-clockwise in a y-down plane's mirror. */
export function hull(points) {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const half = (ordered) => {
    const chain = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

/** The nearest `share` of the points to their median, and that median: a district without its stragglers. */
export function core(points, share) {
  const middle = [median(points.map((point) => point[0])), median(points.map((point) => point[1]))];
  const byDistance = points.toSorted((a, b) => gap(a, middle) - gap(b, middle));
  return { middle, points: byDistance.slice(0, Math.max(3, Math.ceil(share * points.length))) };
}

/** Positions pushed apart until circles of this diameter hardly overlap each other or the fixed ones, each held near its own. */
export function apart(points, diameter, fixed = [], rounds = 40) {
  const moved = points.map((point) => [...point]);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < moved.length; i++) {
      for (let j = i + 1; j < moved.length; j++) push(moved[i], moved[j], diameter, i - j);
      for (const other of fixed) push(moved[i], [...other], 1.5 * diameter, i);
    }
    moved.forEach((point, i) => {
      point[0] += 0.05 * (points[i][0] - point[0]);
      point[1] += 0.05 * (points[i][1] - point[1]);
    });
  }
  return moved;
}

function push(a, b, diameter, seed) {
  const distance = gap(a, b);
  if (distance >= diameter) return;
  // Two at the very same spot part in a direction that depends on their places in the list alone.
  const [x, y] = distance > 0.01 ? [(a[0] - b[0]) / distance, (a[1] - b[1]) / distance] : [Math.cos(seed), Math.sin(seed)];
  const step = (diameter - distance) / 2;
  a[0] += x * step;
  a[1] += y * step;
  b[0] -= x * step;
  b[1] -= y * step;
}

/** Distance of two points. */
export function gap(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
