// The strip as elements: a grid whose cells, rows and columns can all be reached by keys.

const element = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

const reachable = (made, role, row, column, words) => {
  made.setAttribute("role", role);
  made.setAttribute("aria-label", words);
  made.tabIndex = -1;
  made.dataset.row = row;
  made.dataset.column = column;
  return made;
};

const rowOf = (className, ...cells) => {
  const row = element("div", `row ${className}`);
  row.setAttribute("role", "row");
  row.append(...cells);
  return row;
};

const corner = (text) => {
  const made = element("div", "corner", text);
  made.setAttribute("role", "columnheader");
  return made;
};

// A phase too narrow for its words goes by its number.
const phaseRow = (data, columns, width) => {
  const heads = data.phases.map((phase, number) => {
    const own = columns.filter(({ first }) => phaseNumber(data, first) === number);
    const short = own.length * width < 9 * phase.thaw.length;
    const made = element("div", "phase", short ? `${number + 1}` : phase.thaw);
    if (phase.restart) made.prepend("↻ ");
    made.setAttribute("role", "columnheader");
    made.setAttribute("aria-label", `phase ${number + 1}: ${phase.thaw}`);
    made.setAttribute("aria-colspan", own.length);
    made.title = columnWords(data, { first: phase.start, last: phase.start + phase.epochs - 1 });
    made.style.gridColumn = `span ${own.length}`;
    return made;
  });
  return rowOf("phases", corner("thawed"), ...heads);
};

const epochRow = (data, columns) => {
  const sparse = columns.length > 24;
  const heads = columns.map((column, number) => {
    const { first, last } = column;
    const wanted = !sparse || first === 0 || first < last || (first + 1) % 5 === 0;
    const roomy = first < last && columns.length <= 12;
    const text = roomy ? `${first + 1}–${last + 1}` : `${first + 1}`;
    return reachable(
      element("div", "epoch", wanted ? text : ""),
      "columnheader", -1, number, columnWords(data, column),
    );
  });
  return rowOf("epochs", corner("epoch"), ...heads);
};

const blockHead = (data, row) => {
  const block = data.blocks[row];
  const made = reachable(
    element("div", "block", block.name), "rowheader", row, -1, blockWords(data, row),
  );
  const largest = Math.max(...data.blocks.map(({ size }) => size), 1);
  const bar = element("span", "size");
  bar.style.width = `${100 * Math.sqrt(block.size / largest)}%`;
  made.append(bar);
  return made;
};

const paintCell = (made, { share, rate }, highest) => {
  made.classList.toggle("frozen", share === 0);
  made.classList.toggle("part", share > 0 && share < 1);
  made.style.setProperty("--glow", glow(rate, highest).toFixed(2));
  made.style.setProperty("--share", Math.max(share, 0.08).toFixed(2));
};

const cellOf = (data, row, column, number, highest) => {
  const made = reachable(
    element("div", "cell"), "gridcell", row, number, cellWords(data, row, column),
  );
  made.setAttribute("aria-selected", "false");
  const fixed = row === headRow(data) || column.last < firstFree(data);
  if (fixed) made.setAttribute("aria-readonly", "true");
  made.classList.toggle("fixed", fixed);
  const begins = data.phases.some(({ start }) => start === column.first && start > 0);
  made.classList.toggle("begins", begins);
  paintCell(made, cellAt(data, row, column.first), highest);
  return made;
};

const gridOf = (data, columns, width) => {
  const grid = element("div", "grid");
  grid.setAttribute("role", "grid");
  grid.setAttribute("aria-multiselectable", "true");
  grid.setAttribute("aria-label", "Freeze schedule: blocks by epochs");
  grid.style.setProperty("--columns", columns.length);
  grid.style.setProperty("--rows", data.blocks.length);
  const highest = highestRate(data);
  const rows = data.blocks.map((_, row) =>
    rowOf(
      row === headRow(data) ? "head" : "",
      blockHead(data, row),
      ...columns.map((column, number) => cellOf(data, row, column, number, highest)),
    ),
  );
  grid.append(phaseRow(data, columns, width), epochRow(data, columns), ...rows);
  return grid;
};

// The network itself, from the picture to the answer, as it is in an epoch.
const networkOf = (data) => {
  const made = element("div", "network");
  made.setAttribute("role", "img");
  const end = (icon, text) => {
    const piece = element("div", "end", text);
    piece.dataset.icon = icon;
    return piece;
  };
  const last = headRow(data);
  const layers = data.blocks.map((block, row) => {
    const layer = element("div", `layer${row === last ? " new" : ""}`);
    layer.dataset.block = row;
    const box = element("div", "box");
    box.style.setProperty("--tall", `${row === last ? 34 : 74 - (34 * row) / Math.max(1, last - 1)}px`);
    layer.append(box, element("span", "name", block.name));
    layer.title = `${block.name}: ${block.words}`;
    return layer;
  });
  made.append(end("🖼", "picture"), ...layers, end("🏷", "answer"));
  return made;
};

const paintNetwork = (made, data, row, epoch) => {
  const highest = highestRate(data);
  const states = data.blocks.map(({ name }, each) => {
    const cell = cellAt(data, each, epoch);
    const layer = made.querySelector(`[data-block="${each}"]`);
    layer.classList.toggle("pointed", each === row);
    paintCell(layer.querySelector(".box"), cell, highest);
    return `${name} ${stateWords(cell)}`;
  });
  made.setAttribute("aria-label", `The network in epoch ${epoch + 1}: ${states.join("; ")}`);
};

const legend = () => {
  const made = element("div", "legend");
  for (const [className, text] of [
    ["frozen", "frozen"],
    ["part", "in part"],
    ["weak", "learns slowly"],
    ["strong", "learns fast"],
  ]) {
    const item = element("span", "item", text);
    item.prepend(element("span", `swatch ${className}`));
    made.append(item);
  }
  return made;
};
