// Elements from data. Text goes in as text, never as markup; what is there already is changed in place, so that focus,
// selection and scrolling survive a refresh.

const svg = "http://www.w3.org/2000/svg";
const drawn = new Set(["svg", "g", "path", "rect", "text", "title"]);

/** `h("a.link", { href }, "text", child, [children], null)`; an SVG's names are `svg`, `g`, `path`, `rect`, `text`. */
export function h(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const element = drawn.has(tag) && tag !== "title" ? document.createElementNS(svg, tag) : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const [attributes, children] = rest[0] && rest[0].constructor === Object ? [rest[0], rest.slice(1)] : [{}, rest];
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Makes the children of `host` like `wanted`. An element with `data-keep` fills itself; one with `data-key` is known by it. */
export function update(host, wanted) {
  const keyed = new Map([...host.childNodes].filter(node => node.dataset?.key).map(node => [node.dataset.key, node]));
  let at = host.firstChild;
  for (const next of [...wanted]) {
    const known = next.dataset?.key ? keyed.get(next.dataset.key) : at && !at.dataset?.key ? at : null;
    if (known && isAlike(known, next)) {
      if (known === at) at = at.nextSibling; else host.insertBefore(known, at);
      patch(known, next);
    } else host.insertBefore(next, at);
  }
  while (at) at = remove(at);
}

function remove(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

const isAlike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key;

function patch(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    // Whoever has opened something keeps it open.
    if (!next.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  if ("keep" in old.dataset) return;
  if (old !== document.activeElement) {
    if (old.nodeName === "INPUT") old.value = next.getAttribute("value") ?? "";
  }
  update(old, next.childNodes);
  if (old.nodeName === "SELECT" && old !== document.activeElement) old.value = [...next.options].find(option => option.hasAttribute("selected"))?.value ?? old.value;
}
