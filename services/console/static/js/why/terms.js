// The terms of a score in words: what each of them looks at.

const WORDS = {
  relevance: "taste", recency: "fresh choices", second_stage: "the moment", calibration: "the way there",
  fairness: "a fair share", exploration: "chance", payment: "payment",
};

/** "taste (relevance)"; a term without words is called as it is. */
export function termName(name) {
  if (!WORDS[name]) return name.replaceAll("_", " ");
  return WORDS[name] === name ? name : `${WORDS[name]} (${name})`;
}

/** The sum as scores are made: left to right in float64. */
export function summed(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** A waterfall's document of `[{name, value}]`; what is 0 makes no step. */
export function waterfall({ title, sentence, label, terms, total, names = termName }) {
  return {
    kind: "waterfall",
    title,
    sentence,
    y: { label, unit: null, scale: "linear" },
    steps: terms.filter(({ value }) => value !== 0).map(({ name, value }) => ({ name: names(name), value })),
    total,
  };
}

/** The largest lines, and all others as one more. */
export function shortened(lines, most) {
  if (lines.length <= most) return lines;
  const rest = lines.slice(most);
  return [...lines.slice(0, most), { name: `${rest.length} more, with rounding`, value: summed(rest.map(({ value }) => value)) }];
}

/** "Nothing came of chance (exploration), payment." */
export function silent(terms) {
  const names = terms.filter(({ value }) => value === 0).map(({ name }) => termName(name));
  return names.length ? `Nothing came of: ${names.join(", ")}.` : "";
}
