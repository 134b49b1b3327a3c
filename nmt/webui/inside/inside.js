// What the pointer and the arrow keys do in the views of the tab "Inside": say what is under them, and mark it.
// `element` is a view's component (Gradio's `js_on_load`); what is in it may be replaced at any time.
// Texts are copied from element to element of the same view, never made here, so nothing needs escaping.

const mark = (node) => node?.classList.add('nmt-on');

function itemOf(target) {
  const item = target.closest?.('.nmt-grid .nmt-row > *, .nmt-node');
  if (item) return item;
  const piece = target.closest?.('.nmt-onto > span:not([lang])'); // a piece of the translation stands for its row
  return piece && grid().querySelectorAll('.nmt-row')[piecesOf('.nmt-onto').indexOf(piece)]?.cells[0];
}

const grid = () => element.querySelector('.nmt-grid');
const piecesOf = (line) => [...element.querySelectorAll(`${line} > span`)];

let shown; // what was last pointed at, or gone to by key

function show(item) {
  shown = item;
  for (const node of element.querySelectorAll('.nmt-on')) node.classList.remove('nmt-on');
  mark(item);
  item.matches('.nmt-node') ? showNode(item) : showCell(item);
}

function showCell(cell) {
  const row = cell.parentElement, table = cell.closest('table');
  const column = table.tHead.rows[0].cells[cell.cellIndex], name = row.cells[0].innerHTML;
  mark(row);
  if (cell.cellIndex) mark(column);
  say(cell.cellIndex ? `${column.innerHTML}${table.dataset.join}${name} <b>${figure(cell.textContent)}</b>` : name);
  piecesOf('.nmt-from').forEach((piece, i) => piece.style.setProperty('--w', row.cells[i + 1].textContent));
  mark(piecesOf('.nmt-onto')[[...table.querySelectorAll('.nmt-row')].indexOf(row)]);
}

function showNode(node) {
  say(node.querySelector('.nmt-aside').innerHTML);
  for (let at = node; at; at = nodeOf(at.dataset.parent)) { // the way back to the beginning
    mark(at);
    mark(element.querySelector(`path[data-of="${at.dataset.index}"]`));
  }
}

const figure = (text) => document.documentElement.lang.startsWith('es') ? text.replace('.', ',') : text;
const say = (html) => { element.querySelector('.nmt-readout').innerHTML = html; };
const nodeOf = (index) => index && element.querySelector(`.nmt-node[data-index="${index}"]`);

// Where an arrow key leads from a cell or a node; nothing for other keys.
function neighbour(item, key) {
  const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0, right = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
  if (item.matches('.nmt-node')) {
    if (key === 'ArrowLeft') return nodeOf(item.dataset.parent);
    if (key === 'ArrowRight') return element.querySelector(`.nmt-node[data-parent="${item.dataset.index}"]`);
    const siblings = [...item.closest('ol').querySelectorAll('.nmt-node')];
    return down ? siblings[siblings.indexOf(item) + down] : undefined;
  }
  const rows = [...item.closest('table').querySelectorAll('.nmt-row')], cells = item.parentElement.cells;
  if (key === 'Home') return cells[0];
  if (key === 'End') return cells[cells.length - 1];
  return right || down ? rows[rows.indexOf(item.parentElement) + down]?.cells[item.cellIndex + right] : undefined;
}

// What comes under a resting pointer, as the arrow keys may scroll it there, is not pointed at: `pointerover` tells of
// that too, and a move of nothing may.
element.addEventListener('pointermove', (event) => {
  const item = (event.movementX || event.movementY) && itemOf(event.target);
  if (item && item !== shown) show(item);
});
element.addEventListener('click', (event) => { const item = itemOf(event.target); if (item) show(item); });
element.addEventListener('focusin', (event) => { const item = itemOf(event.target); if (item) show(item); });
element.addEventListener('keydown', (event) => {
  const item = itemOf(event.target);
  if (!item || !/^(Arrow|Home|End)/.test(event.key)) return;
  event.preventDefault(); // the page stays where it is, also at the edge
  const next = neighbour(item, event.key);
  if (!next) return;
  element.querySelectorAll('[tabindex="0"]').forEach((old) => { old.tabIndex = -1; }); // Tab comes back here
  next.tabIndex = 0;
  next.focus();
});
