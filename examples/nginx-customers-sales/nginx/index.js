'use strict';
// Asks both services again and again, shows their rows, and counts who answered.

const COLUMNS = ['rep', 'customer', 'territory', 'source'];
const answered = { customers: new Map(), sales: new Map() };

function row(cells, tag) {
  const tr = document.createElement('tr');
  for (const cell of cells) {
    tr.appendChild(document.createElement(tag)).textContent = cell;
  }
  return tr;
}

function count(name, rows) {
  const [instance] = rows[0].source;
  const times = answered[name];
  times.set(instance, (times.get(instance) || 0) + 1);
  return [...times].map(([who, n]) => `${who} ${n}×`).sort().join(', ');
}

async function show(name) {
  const table = document.getElementById(name);
  let rows;
  try {
    const response = await fetch(`${name}/`);
    if (!response.ok) throw new Error(`no healthy instance (status ${response.status})`);
    const answer = await response.json();
    rows = answer.map((one) => row(COLUMNS.map((column) => [one[column]].flat().join(' ')), 'td'));
    document.getElementById(`${name}-by`).textContent = count(name, answer);
  } catch (error) {
    rows = [row([error.message], 'td')];
  }
  table.replaceChildren(table.caption, row(COLUMNS, 'th'), ...rows);
}

async function showAll() {
  await Promise.all(['customers', 'sales'].map(show));
  setTimeout(showAll, 1000);
}

showAll();
