"""The script of the page of windows.

It reads the attributes of each stretch, a ``span`` in a ``.row``: ``k``, the place of its first
token in the row; ``i``, the ids; ``d``, the document; ``p``, the first token's position in the
store; ``v``, whether the first is a begin ("b") and the last an end ("e") that the store does not
hold. It writes text only, never HTML.
"""

SCRIPT = """
'use strict';
const about = document.getElementById('about');
const number = n => n.toLocaleString('en');
const facts = new WeakMap();
const hint = 'Point at a token to be told about it.';
for (const row of document.querySelectorAll('.row')) {
  const last = Number(row.dataset.n) - 1;
  let before = null;
  for (const span of row.querySelectorAll('span')) {
    const ids = span.dataset.i.split(' '), first = Number(span.dataset.k);
    const virtual = span.dataset.v || '';
    Array.from(span.children).forEach((cell, j) => {
      const fact = { cell, row, place: first + j, id: ids[j], text: cell.textContent, next: null,
        colour: span.className, masked: cell.className, document: span.dataset.d,
        position: Number(span.dataset.p) + j, last: first + j === last,
        virtual: virtual.includes('b') && j === 0 ||
          virtual.includes('e') && j === ids.length - 1 };
      if (before && before.place === fact.place - 1) before.next = fact;
      facts.set(cell, fact);
      before = fact;
    });
  }
}

function each(act) {
  for (const cell of document.querySelectorAll('.row i')) act(cell, facts.get(cell));
}
function part(tag, text, name) {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}
function pairs() {
  document.body.className = 'xy';
  each((cell, fact) => {
    const below = fact.next ? part('u', fact.next.text,
      fact.next.colour + ' ' + fact.next.masked) : part('u', '…', 'pad');
    cell.replaceChildren(part('b', fact.text, ''), below);
    if (fact.last) cell.classList.add('last');
  });
}
function lines() {
  document.body.className = '';
  each((cell, fact) => cell.replaceChildren(fact.text));
}
const button = document.createElement('button'), note = document.createElement('span');
function show(asPairs) {
  if (asPairs) pairs(); else lines();
  button.textContent = asPairs ? 'show each token once' : 'show targets below inputs';
  note.textContent = asPairs ? 'Above, the inputs x; below each its target y, the token after it.'
    : 'Each token is the target of the one before it.';
}
button.onclick = () => show(document.body.className !== 'xy');
document.getElementById('controls').append(button, note);
show(document.getElementById('controls').dataset.long === '0');
about.textContent = hint;

function asTarget(fact) {
  if (fact.place === 0) return 'input only: no token of the window comes before it';
  return (fact.last ? 'target only, ' : 'input and target, ') +
    (fact.masked ? 'not scored as a target' : 'scored as a target');
}
let marked = null;
document.addEventListener('mouseover', event => {
  const cell = event.target.closest ? event.target.closest('.row i') : null;
  if (marked) marked.classList.remove('next');
  marked = null;
  const fact = cell && facts.get(cell);
  if (!fact) { about.textContent = hint; return; }
  if (fact.next && document.body.className !== 'xy') {
    marked = fact.next.cell;
    marked.classList.add('next');
  }
  const place = 'place ' + number(fact.place) + ' of the window';
  if (fact.document === undefined) {
    about.textContent = ['padding', 'id ' + fact.id, place, 'not scored'].join(' · ');
    return;
  }
  const where = fact.virtual ? 'not in the store'
    : 'token ' + number(fact.position) + ' of the store';
  const what = [fact.text, 'id ' + fact.id, place, where, 'document ' + fact.document,
    asTarget(fact)];
  if (fact.next) what.push('its target: ' + fact.next.text + ' (' +
    (fact.next.document === undefined || fact.next.masked ? 'not scored' : 'scored') + ')');
  about.textContent = what.join(' · ');
});
"""
