// The strip under the hand: painted with a mouse, a finger or keys. What is painted goes to the
// page, which answers with the strip as it then is.

const ROOM = { wide: 24, narrow: 20 }; // pixels of the narrowest column
const HINT =
  "Click or drag to thaw or freeze. By keys: arrows move, with shift they select, space thaws or " +
  "freezes, Ctrl+Z takes back.";

const strips = new WeakMap();

const begin = (place, data) => ({
  place, data, columns: [], at: { row: 0, column: 0 }, from: null, dragged: null,
  strokes: [], number: data.seen, each: false, width: 0, epoch: 0, send: () => {},
});

const found = (strip, { row, column }) =>
  strip.place.querySelector(`[data-row="${row}"][data-column="${column}"]`);

const pointAt = (strip, { row, column }) => {
  const made = strip.place.querySelector(".network");
  strip.epoch = column < 0 ? strip.epoch : strip.columns[column].first;
  strip.epoch = Math.min(strip.epoch, strip.data.factors.length - 1);
  if (made) paintNetwork(made, strip.data, row, strip.epoch);
};

const say = (strip, words) => {
  strip.place.querySelector(".readout").textContent = words;
};

const wordsAt = ({ data, columns }, { row, column }) => {
  if (column < 0) return blockWords(data, row);
  if (row < 0) return columnWords(data, columns[column]);
  return cellWords(data, row, columns[column]);
};

// Between two places: rows and columns from the lower to the higher. A header means all of its row
// or column.
const between = ({ data, columns }, one, other) => {
  const span = (name, last) => {
    const ends = [one[name], other[name]];
    return Math.min(...ends) < 0 ? [0, last] : [Math.min(...ends), Math.max(...ends)];
  };
  return { rows: span("row", headRow(data)), columns: span("column", columns.length - 1) };
};

const mark = (strip, area, className) => {
  for (const cell of strip.place.querySelectorAll(".cell")) {
    const { row, column } = cell.dataset;
    const within = area && row >= area.rows[0] && row <= area.rows[1] &&
      column >= area.columns[0] && column <= area.columns[1];
    cell.classList.remove("thawing", "freezing");
    cell.setAttribute("aria-selected", String(Boolean(within)));
    if (within && className && !cell.classList.contains("fixed")) cell.classList.add(className);
  }
};

const isThawed = ({ data, columns }, { row, column }) =>
  cellAt(data, row, columns[column].first).share === 1;

// A header freezes only what is thawed in all of it.
const wouldThaw = (strip, place) => {
  const { rows, columns } = between(strip, place, place);
  for (let row = rows[0]; row <= Math.min(rows[1], headRow(strip.data) - 1); row += 1) {
    for (let column = columns[0]; column <= columns[1]; column += 1) {
      if (!isThawed(strip, { row, column })) return true;
    }
  }
  return false;
};

const paint = (strip, from, to) => {
  const area = between(strip, from, to);
  const rows = [area.rows[0], Math.min(area.rows[1], headRow(strip.data) - 1)];
  mark(strip, null);
  if (rows[0] > rows[1]) return say(strip, "The head always trains: it is new.");
  const free = firstFree(strip.data);
  const begin = strip.columns.findIndex(({ last }) => last >= free);
  const columns = [Math.max(begin, area.columns[0]), area.columns[1]];
  if (begin < 0 || columns[0] > columns[1]) return say(strip, strip.data.locked);
  const thaw = wouldThaw(strip, from);
  const first = Math.max(strip.columns[columns[0]].first, free);
  const epochs = [first, strip.columns[columns[1]].last];
  strip.number += 1;
  strip.strokes.push({ number: strip.number, blocks: rows, epochs, thaw });
  strip.send({ what: "paint", strokes: strip.strokes });
  show(strip, rows, columns, thaw);
  const names = rows[0] === rows[1] ? strip.data.blocks[rows[0]].name
    : `${strip.data.blocks[rows[0]].name} to ${strip.data.blocks[rows[1]].name}`;
  const span = spanWords("epoch", { first: epochs[0], last: epochs[1] });
  say(strip, `${names}, ${span}: ${thaw ? "thawed" : "frozen"}`);
};

// At once, before the page has answered.
const show = (strip, rows, columns, thaw) => {
  const highest = highestRate(strip.data);
  for (let row = rows[0]; row <= rows[1]; row += 1) {
    for (let column = columns[0]; column <= columns[1]; column += 1) {
      const rate = cellAt(strip.data, row, strip.columns[column].first).rate;
      paintCell(found(strip, { row, column }), { share: thaw ? 1 : 0, rate }, highest);
    }
  }
};

const moveTo = (strip, place, { focus = true } = {}) => {
  found(strip, strip.at)?.setAttribute("tabindex", "-1");
  strip.at = place;
  const target = found(strip, place);
  target?.setAttribute("tabindex", "0");
  if (focus) target?.focus();
};

const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
};

const target = ({ data, columns, at }, key, control) => {
  if (key === "Home") return { row: control ? 0 : at.row, column: 0 };
  if (key === "End") {
    return { row: control ? headRow(data) : at.row, column: columns.length - 1 };
  }
  if (!STEPS[key]) return null;
  const row = Math.max(-1, Math.min(headRow(data), at.row + STEPS[key][0]));
  const column = Math.max(-1, Math.min(columns.length - 1, at.column + STEPS[key][1]));
  return row < 0 && column < 0 ? at : { row, column };
};

const onKey = (strip, event) => {
  const control = event.ctrlKey || event.metaKey;
  const goal = target(strip, event.key, control);
  const key = event.key.toLowerCase();
  if (goal) {
    const cells = Math.min(goal.row, goal.column, strip.at.row, strip.at.column) >= 0;
    strip.from = event.shiftKey && cells ? strip.from ?? strip.at : null;
    moveTo(strip, goal);
    mark(strip, strip.from && between(strip, strip.from, goal));
    say(strip, wordsAt(strip, goal));
  } else if (event.key === " " || event.key === "Enter") {
    paint(strip, strip.from ?? strip.at, strip.at);
    strip.from = null;
  } else if (event.key === "Escape") {
    strip.from = strip.dragged = null;
    mark(strip, null);
  } else if (control && (key === "z" || key === "y")) {
    strip.send({ what: key === "y" || event.shiftKey ? "redo" : "undo" });
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
};

const placeOf = (node) => {
  const cell = node?.closest?.("[data-row]");
  return cell && { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
};

const under = (strip, event) =>
  placeOf(strip.place.getRootNode().elementFromPoint(event.clientX, event.clientY));

const onPointer = {
  pointerdown: (strip, event) => {
    const place = placeOf(event.target);
    if (!place || event.button !== 0) return;
    strip.from = null;
    strip.dragged = { from: place, to: place };
    moveTo(strip, place);
  },
  pointermove: (strip, event) => {
    const place = under(strip, event);
    if (!strip.dragged) {
      if (place) say(strip, wordsAt(strip, place));
      if (place) pointAt(strip, place);
    } else if (place && Math.min(place.row, place.column, strip.dragged.from.row,
                                 strip.dragged.from.column) >= 0) {
      const { from } = strip.dragged;
      strip.dragged.to = place;
      mark(strip, between(strip, from, place), wouldThaw(strip, from) ? "thawing" : "freezing");
    }
  },
  pointerup: (strip) => {
    const { dragged } = strip;
    strip.dragged = null;
    if (!dragged) return;
    moveTo(strip, dragged.to);
    paint(strip, dragged.from, dragged.to);
  },
  pointercancel: (strip) => {
    strip.dragged = null;
    mark(strip, null);
  },
  pointerleave: (strip) => {
    if (!strip.dragged) say(strip, HINT);
    if (!strip.dragged) pointAt(strip, { row: -1, column: -1 });
  },
};

const eachButton = (strip) => {
  const made = element("button", "each", "One column an epoch");
  made.type = "button";
  made.setAttribute("aria-pressed", String(strip.each));
  made.onclick = () => {
    strip.each = !strip.each;
    draw(strip);
  };
  return made;
};

const draw = (strip) => {
  const { data, place } = strip;
  const had = place.getRootNode().activeElement?.closest?.("[data-row]");
  const epoch = strip.columns[strip.at.column]?.first ?? 0;
  strip.width = place.clientWidth || 600;
  const narrow = strip.width < 500;
  const room = strip.width - (narrow ? 78 : 104);
  const fitting = Math.max(4, Math.floor(room / (narrow ? ROOM.narrow : ROOM.wide)));
  strip.columns = columnsFor(data, strip.each ? Infinity : fitting);
  const grid = gridOf(data, strip.columns, room / strip.columns.length);
  const top = element("div", "top");
  top.append(legend(), ...(data.factors.length > fitting ? [eachButton(strip)] : []));
  const readout = element("div", "readout", place.querySelector(".readout")?.textContent || HINT);
  readout.setAttribute("aria-live", "polite");
  const frame = element("div", "frame");
  frame.append(grid);
  place.classList.toggle("narrow", narrow);
  place.replaceChildren(networkOf(data), top, frame, readout);
  pointAt(strip, { row: -1, column: -1 });
  grid.onkeydown = (event) => onKey(strip, event);
  grid.addEventListener("focusin", (event) => {
    const now = placeOf(event.target);
    if (!now || strip.dragged || strip.drawing) return;
    moveTo(strip, now, { focus: false });
    say(strip, wordsAt(strip, now));
    pointAt(strip, now);
  });
  for (const [name, handle] of Object.entries(onPointer)) {
    grid[`on${name}`] = (event) => handle(strip, event);
  }
  const column = strip.at.column < 0 ? -1 : strip.columns.findIndex(({ last }) => last >= epoch);
  const row = Math.min(strip.at.row, headRow(data));
  strip.drawing = true; // so that what was just said stays said
  moveTo(strip, { row, column: column < 0 && row < 0 ? 0 : column }, { focus: Boolean(had) });
  strip.drawing = false;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const place = parentElement.querySelector(".widget");
  const strip = strips.get(parentElement) ?? begin(place, data);
  const fresh = !strips.has(parentElement);
  strips.set(parentElement, strip);
  strip.send = (asked) => setTriggerValue("asked", asked);
  strip.strokes = strip.strokes.filter(({ number }) => number > data.seen);
  strip.number = Math.max(strip.number, data.seen);
  const changed = fresh || JSON.stringify(strip.data) !== JSON.stringify(data);
  strip.data = data;
  if (changed && !strip.dragged) draw(strip);
  if (fresh) {
    strip.observer = new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - strip.width) > 8 && !strip.dragged) draw(strip);
    });
    strip.observer.observe(place);
  }
  return () => strip.observer?.disconnect();
}
