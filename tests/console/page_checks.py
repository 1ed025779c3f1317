"""Scripts that look a page over: names, references, contrast, calm. Each answers with what is amiss."""

NAMELESS = """() => [...document.querySelectorAll(
    'a, button, input, select, section, nav, [role=application], [role=search], [role=img], [role=listbox]')]
  .filter((node) => node.checkVisibility() && !node.closest('[aria-hidden=true]'))
  .filter((node) => {
    const ids = (node.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean);
    const by = ids.map((id) => document.getElementById(id)?.textContent ?? '').join('');
    const labels = [...(node.labels ?? [])].map((label) => label.textContent).join('');
    const own = node.matches('a, button') ? node.textContent : '';
    return !`${node.ariaLabel ?? ''}${by}${labels}${own}`.trim();
  }).map((node) => node.outerHTML.slice(0, 120))"""

BROKEN_REFERENCES = """() => {
  const names = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-activedescendant', 'for'];
  return names.flatMap((name) => [...document.querySelectorAll(`[${name}]`)]
    .flatMap((node) => node.getAttribute(name).split(' ').filter((id) => !document.getElementById(id))));
}"""

_COLORS = """
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 200) return color;
    }
    return rgba('white');
  };
"""

# WCAG 2.2 contrast of each visible text against the nearest opaque background behind it.
FAINT_TEXT = (
    "() => {"
    + _COLORS
    + """  const texts = [...document.querySelectorAll('body *')].filter((node) =>
    node.checkVisibility({visibilityProperty: true})
    && !node.matches('script, noscript, option, .price-rest, .chosen text')
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()));
  return texts.flatMap((node) => {
    const style = getComputedStyle(node);
    const front = luminance(rgba(node.closest('svg') ? style.fill : style.color));
    const back = luminance(behind(node));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    const name = `${node.tagName} ${node.getAttribute('class')} ${node.textContent.trim().slice(0, 40)}`;
    return ratio < 4.5 ? [`${ratio.toFixed(2)}: ${name}`] : [];
  });
}"""
)

# The same for marks, which need 3:1: the better of what fills and what rims them.
FAINT_MARKS = (
    "() => {"
    + _COLORS
    + """  const marks = '.figure-line, .figure-marker, .figure-bar, .figure-link, .figure-front, .figure-reference';
  return [...document.querySelectorAll(marks)].filter((node) => node.checkVisibility()).flatMap((node) => {
    const style = getComputedStyle(node);
    const back = luminance(behind(node));
    const seen = [style.fill, style.stroke].filter((color) => color !== 'none').map((color) => luminance(rgba(color)));
    const ratio = Math.max(...seen.map((front) => (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)));
    const name = `${node.parentNode.getAttribute('class')} ${node.getAttribute('class')}`;
    return ratio < 3 ? [`${ratio.toFixed(2)}: ${name}`] : [];
  });
}"""
)

OBSERVE_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.shifts.push(entry.value)))
  .observe({type: 'layout-shift', buffered: true});"""
