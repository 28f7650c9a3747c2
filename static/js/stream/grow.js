/**
 * htmx's swap style `grow`: keep what the target shows up to a point and append what has grown. The server computes
 * the point (chat/rendering/grow.py): `data-at="D.K.C"` means: go D times to the last child; there keep K nodes, and
 * C UTF-16 units of the text that follows them. Kept nodes stay the same objects, so a selection or focus in them
 * lives on. A patch that does not fit changes nothing and says so, as htmx does for a missing target.
 */
const EXTENSION = "grow";
const MISFIT = "htmx:oobErrorNoTarget";

/** Nodes known to have no two neighbouring texts: the parser cuts a text at 65,536 units, patches count it as one. */
const joined = new WeakSet();

/** Make the style known to htmx; an element with `hx-ext="grow"` must be above the targets. */
export function registerGrow(htmx = window.htmx) {
  htmx.defineExtension(EXTENSION, {
    isInlineSwap: (style) => style === EXTENSION,
    handleSwap(style, target, fragment) {
      if (style !== EXTENSION) return false;
      const template = fragment.firstElementChild;
      const grown = template instanceof HTMLTemplateElement ? grow(target, template) : null;
      if (!grown) htmx.trigger(target, MISFIT, { target });
      return grown ?? [];
    },
  });
}

/**
 * @param {Element} target
 * @param {HTMLTemplateElement} template
 * @returns {Node[] | null} the new nodes, or null if the patch does not fit what the target shows
 */
export function grow(target, template) {
  const [depth, keep, chars] = (template.dataset.at ?? "").split(".").map(Number);
  const node = descend(target, depth);
  if (!node || !fits(node, keep, chars)) return null;
  shrink(node, keep, chars);
  return append(node, template.content);
}

/** @param {Element} target @param {number} depth @returns {Element | null} */
function descend(target, depth) {
  let node = target;
  for (let step = 0; step < depth; step++) {
    if (!(node.lastChild instanceof Element)) return null;
    node = node.lastChild;
  }
  if (!joined.has(node)) node.normalize();
  joined.add(node);
  return node;
}

/** @param {Element} node @param {number} keep @param {number} chars */
function fits(node, keep, chars) {
  const cut = node.childNodes[keep];
  return node.childNodes.length >= keep && (!chars || (cut instanceof Text && cut.length >= chars));
}

/** Remove what comes after the point. @param {Element} node @param {number} keep @param {number} chars */
function shrink(node, keep, chars) {
  const text = chars ? node.childNodes[keep] : null;
  let extra = text ? text.nextSibling : (node.childNodes[keep] ?? null);
  while (extra) {
    const next = extra.nextSibling;
    extra.remove();
    extra = next;
  }
  if (text instanceof Text && text.length > chars) text.deleteData(chars, text.length - chars);
}

/** @param {Element} node @param {DocumentFragment} content @returns {Node[]} */
function append(node, content) {
  content.normalize();
  const last = node.lastChild;
  const first = content.firstChild;
  if (last instanceof Text && first instanceof Text) {
    last.appendData(first.data);
    first.remove();
  }
  const added = Array.from(content.childNodes);
  node.append(content);
  return added;
}
