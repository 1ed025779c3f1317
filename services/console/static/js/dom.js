// Elements from plain text: nothing here parses HTML, so a restaurant's name can never become markup.

/** An HTML element. Attributes that are null or false are left out, true is an empty attribute. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** The element with this id; an error names it when it is not in the page. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** A text with `code` in backticks and hyphens before digits, as elements and with true minus signs. */
export function prose(text) {
  const parts = text.split("`");
  return parts.map((part, i) => (i % 2 ? element("code", {}, part) : part.replace(/(^|[\s([])-(?=\d)/g, "$1−")));
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
