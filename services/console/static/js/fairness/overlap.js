// Rank-biased overlap of two lists, as the flip test counts it (`models/fairness/flip.py`).

const PERSISTENCE = 0.9;

/** 1 for equal lists, 0 for disjoint ones: the mean overlap of the first d places, weighted by 0.9 ** (d - 1). */
export function rankBiasedOverlap(one, other, persistence = PERSISTENCE) {
  const depth = Math.min(one.length, other.length);
  if (!depth) return 1;
  let [weighted, weights] = [0, 0];
  for (let d = 1; d <= depth; d++) {
    const seen = new Set(one.slice(0, d));
    const shared = other.slice(0, d).filter((item) => seen.has(item)).length;
    const weight = persistence ** (d - 1);
    weighted += (weight * shared) / d;
    weights += weight;
  }
  return weighted / weights;
}
