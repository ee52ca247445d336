// A chart of lines: drag to zoom in, double click for all of it, arrows to read values off.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 48, right: 14, top: 10, bottom: 38 };
const ROOM = 7; // beyond the plot, for marks
const MOST_MARKS = 45; // of a curve, before they touch
const STEPS_WORTH_IT = 3; // for each epoch: fewer say no more than the epochs do
const SLIP = 6; // pixels that a click may move without being a drag
const LINES = {
  accuracy: [["train_accuracy", "train"], ["validation_accuracy", "validation"]],
  loss: [["loss", "step"], ["train_loss", "train"], ["validation_loss", "validation"]],
};
const TITLES = { accuracy: "Accuracy", loss: "Loss" };
const SAID = { train: "training", validation: "validation", step: "each step, smoothed" };
const MARKS = [
  (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
  (x, y) => `M${x - 3.5} ${y - 3.5}h7v7h-7z`,
  (x, y) => `M${x} ${y - 5}l5 8.5h-10z`,
  (x, y) => `M${x} ${y - 5}l5 5l-5 5l-5 -5z`,
];
const markOf = (place) => MARKS[place % MARKS.length];

const draw = (kind, attributes, text) => {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text != null) made.textContent = text;
  return made;
};

const element = (kind, name, text) => {
  const made = document.createElement(kind);
  made.className = name;
  if (text != null) made.textContent = text;
  return made;
};

// Round numbers within a range, at most so many.
const ticksIn = ([low, high], most, whole = false) => {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const apart = whole ? Math.max(1, step) : step;
  const ticks = [];
  for (let tick = Math.ceil(low / apart) * apart; tick <= high + apart * 1e-6; tick += apart) ticks.push(tick);
  return ticks.map((tick) => Number(tick.toPrecision(10)));
};

// Each point is the mean of those before it, the nearer the more: what a single batch says jumps.
const smoothed = (points) => {
  const keep = 1 - 1 / Math.max(4, points.length / 60);
  let sum = 0;
  let weight = 0;
  return points.map(([x, y]) => {
    if (y != null) [sum, weight] = [sum * keep + y, weight * keep + 1];
    return [x, weight ? sum / weight : null];
  });
};

// The points [x, y] of one of a run's curves.
const curveOf = (run, name, axis) => {
  const steps = name === "loss";
  if (steps && run.curves.loss?.length < STEPS_WORTH_IT * (run.curves.train_loss?.length ?? 0)) return [];
  const points = (run.curves[name] ?? []).map((point) => [
    axis === "seconds" ? point[3] : epochOf(run, point, steps),
    point[2],
  ]);
  return steps ? smoothed(points) : points;
};

const wholeRange = (runs, axis) => {
  const ends = runs.map((run) => {
    if (axis === "seconds") return (run.curves.loss ?? run.curves.train_loss)?.at(-1)?.[3] ?? 1;
    return run.again == null && run.next ? Math.max(1, placeOf(run)) : run.epochs ?? 1;
  });
  return [0, Math.max(...ends, axis === "seconds" ? 1 : 0)];
};

// When a phase began, on the axis; null if that can't be said yet.
const momentOf = (run, start, axis) => {
  if (axis === "epoch") return start;
  return run.curves.train_loss?.find(([epoch]) => epoch === start - 1)?.[3] ?? null;
};

class Chart {
  // `hands` tells what is common to all charts: { axis, height, ember, zoom, cursor, runs, redraw }.
  constructor(measure, hands) {
    this.measure = measure;
    this.hands = hands;
    this.box = element("section", "panel");
    this.sheet = element("div", "sheet");
    this.sheet.tabIndex = 0;
    this.sheet.role = "group";
    this.sheet.ariaLabel = `${TITLES[measure]} chart. Left and right read values, plus and minus zoom, zero shows all.`;
    this.readout = element("div", "readout");
    const head = element("header", "head");
    head.append(element("h3", "", TITLES[measure]), this.buttons());
    this.box.append(head, this.sheet, this.readout);
    this.listen();
  }

  buttons() {
    const bar = element("div", "buttons");
    const acts = [["−", "Zoom out", () => this.zoomBy(2)], ["+", "Zoom in", () => this.zoomBy(0.5)], ["All", "Show all", () => this.zoomTo(null)]];
    for (const [text, title, act] of acts) {
      const button = element("button", "", text);
      button.type = "button";
      button.title = title;
      button.ariaLabel = `${title}: ${TITLES[this.measure]}`;
      button.onclick = act;
      bar.append(button);
    }
    return bar;
  }

  listen() {
    const at = (event) => event.clientX - this.sheet.getBoundingClientRect().left;
    this.sheet.onpointerdown = (event) => {
      if (event.button || event.pointerType === "touch") return;
      this.sheet.setPointerCapture(event.pointerId);
      this.from = at(event);
    };
    this.sheet.onpointermove = (event) => {
      this.hands.cursor = this.valueAt(at(event));
      this.to = at(event);
      this.hands.redraw();
    };
    this.sheet.onpointerup = (event) => {
      const [from, to] = [this.from, at(event)].sort((a, b) => a - b);
      if (this.from != null && to - from > SLIP) this.zoomTo([this.valueAt(from), this.valueAt(to)]);
      this.from = null;
    };
    this.sheet.onpointerleave = this.sheet.onblur = () => {
      this.hands.cursor = this.from = null;
      this.hands.redraw();
    };
    this.sheet.ondblclick = () => this.zoomTo(null);
    this.sheet.onkeydown = (event) => this.key(event);
  }

  key(event) {
    const step = this.hands.axis === "epoch" ? 1 : (this.range[1] - this.range[0]) / 40;
    const acts = {
      ArrowLeft: () => this.readAt((this.hands.cursor ?? this.range[1] + step) - step),
      ArrowRight: () => this.readAt((this.hands.cursor ?? this.range[0] - step) + step),
      Home: () => this.readAt(this.range[0]),
      End: () => this.readAt(this.range[1]),
      "+": () => this.zoomBy(0.5),
      "-": () => this.zoomBy(2),
      0: () => this.zoomTo(null),
      Escape: () => this.zoomTo(null),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  readAt(value) {
    this.hands.cursor = Math.min(this.range[1], Math.max(this.range[0], value));
    this.hands.redraw();
  }

  zoomBy(factor) {
    const [low, high] = this.range;
    const centre = this.hands.cursor ?? (low + high) / 2;
    this.zoomTo([centre - (centre - low) * factor, centre + (high - centre) * factor]);
  }

  zoomTo(range) {
    const [first, last] = wholeRange(this.hands.runs, this.hands.axis);
    if (range) {
      const [low, high] = [Math.max(first, range[0]), Math.min(last, range[1])];
      range = high - low < (last - first) * 0.98 && high - low > (last - first) / 1000 ? [low, high] : null;
    }
    this.hands.zoom = range;
    this.hands.redraw();
  }

  valueAt(pixel) {
    const [low, high] = this.range;
    const share = (pixel - EDGE.left) / (this.width - EDGE.left - EDGE.right);
    return low + Math.min(1, Math.max(0, share)) * (high - low);
  }

  draw() {
    const { runs, axis, zoom, height } = this.hands;
    this.width = this.sheet.clientWidth || 320;
    this.range = zoom ?? wholeRange(runs, axis);
    this.lines = runs.flatMap((run, place) =>
      LINES[this.measure].map(([name, style]) => ({ run, place, style, points: curveOf(run, name, axis) })),
    );
    this.span = this.spanOf(zoom);
    const picture = draw("svg", { width: this.width, height, "aria-hidden": "true" });
    const [wide, high] = [this.width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom];
    // a little larger than the plot, so that marks on its border stay whole
    const plot = draw("svg", { x: EDGE.left - ROOM, y: EDGE.top - ROOM, width: wide + 2 * ROOM, height: high + 2 * ROOM, viewBox: `${-ROOM} ${-ROOM} ${wide + 2 * ROOM} ${high + 2 * ROOM}` });
    plot.append(...this.thaws(), ...this.lines.flatMap((line) => this.trace(line)), ...this.hovered());
    picture.append(...this.axes(), plot);
    this.sheet.replaceChildren(picture);
    if (!this.lines.some((line) => line.points.length)) this.sheet.append(this.empty());
  }

  // All of 0 to 100 % at first; what is to be seen once somebody looks closer.
  spanOf(zoom) {
    const [low, high] = this.range;
    const seen = this.lines.flatMap(({ points }) => points.filter(([x, y]) => y != null && x >= low && x <= high).map(([, y]) => y));
    if (this.measure === "accuracy" && !zoom) return [0, 1];
    if (!seen.length) return [0, 1];
    const [least, most] = seen.reduce(([a, b], y) => [Math.min(a, y), Math.max(b, y)], [Infinity, -Infinity]);
    const room = (most - least || most || 1) * 0.06;
    return [zoom ? least - room : Math.min(0, least), most + room];
  }

  x = (value) => ((value - this.range[0]) / (this.range[1] - this.range[0])) * (this.width - EDGE.left - EDGE.right);
  y = (value) => (1 - (value - this.span[0]) / (this.span[1] - this.span[0])) * (this.hands.height - EDGE.top - EDGE.bottom);

  axes() {
    const [right, bottom] = [this.width - EDGE.right, this.hands.height - EDGE.bottom];
    const made = ticksIn(this.span, 5).flatMap((tick) => {
      const y = EDGE.top + this.y(tick);
      const text = this.measure === "accuracy" ? `${Number((100 * tick).toPrecision(4))} %` : String(tick);
      return [
        draw("line", { class: "grid", x1: EDGE.left, x2: right, y1: y, y2: y }),
        draw("text", { class: "tick", x: EDGE.left - 6, y: y + 4, "text-anchor": "end" }, text),
      ];
    });
    const most = Math.max(2, Math.floor(this.width / 70));
    for (const tick of ticksIn(this.range, most, this.hands.axis === "epoch")) {
      const text = this.hands.axis === "seconds" && this.range[1] >= 600 ? `${Number((tick / 60).toFixed(1))} min` : String(tick);
      made.push(draw("text", { class: "tick", x: EDGE.left + this.x(tick), y: bottom + 16, "text-anchor": "middle" }, text));
    }
    const title = this.hands.axis === "epoch" ? "epochs" : "time";
    made.push(draw("text", { class: "tick", x: (EDGE.left + right) / 2, y: bottom + 33, "text-anchor": "middle" }, title));
    return made;
  }

  // Where a run's frozen layers thaw: dashed once it has happened, faint while it is planned.
  thaws() {
    const { runs, axis, ember } = this.hands;
    const high = this.hands.height - EDGE.top - EDGE.bottom;
    const marks = runs.flatMap((run) =>
      run.planned.slice(1).map(([start, thawed], phase) => ({
        x: momentOf(run, start, axis),
        begun: run.begun.has(phase + 1),
        words: `${runs.length > 1 ? `${run.name} ` : ""}thaws: ${thawed === "all" ? "everything" : thawed}`,
      })),
    );
    const [lines, texts] = [[], []];
    for (const { x, begun, words } of marks.filter(({ x }) => x != null && x >= this.range[0] && x <= this.range[1])) {
      const [place, width, row] = [this.x(x), this.width - EDGE.left - EDGE.right, lines.length % 5];
      const left = place < width * 0.6;
      const style = { class: `thaw ${begun ? "" : "planned"}` };
      const y = this.measure === "accuracy" ? high - 8 - row * 16 : 14 + row * 16; // where curves seldom are
      const short = words.length > 48 ? `${words.slice(0, 46)} …` : words;
      lines.push(draw("line", { ...style, x1: place, x2: place, y1: 0, y2: high, stroke: ember }));
      texts.push(draw("text", { ...style, x: place + (left ? 6 : -6), y, "text-anchor": left ? "start" : "end" }, short));
    }
    return [...lines, ...texts];
  }

  trace({ run, place, style, points }) {
    const shown = this.inSight(points);
    let pen = "M";
    let path = "";
    for (const [x, y] of shown) {
      if (y == null) {
        pen = "M";
        continue;
      }
      path += `${pen}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`;
      pen = "L";
    }
    const made = [draw("path", { class: `line ${style}`, d: path, stroke: run.colour })];
    if (style !== "step" && shown.length <= MOST_MARKS) {
      const marks = shown.filter(([, y]) => y != null).map(([x, y]) => markOf(place)(this.x(x), this.y(y)));
      const fill = style === "validation" ? run.colour : "none";
      made.push(draw("path", { class: `marks ${style}`, d: marks.join(""), stroke: run.colour, fill }));
    }
    return made;
  }

  // The points in range with one more on either side; of thousands, one for each pixel.
  inSight(points) {
    const [low, high] = this.range;
    let first = points.findIndex(([x]) => x >= low);
    let last = points.findLastIndex(([x]) => x <= high);
    if (first < 0 && last < 0) return [];
    first = Math.max(0, (first < 0 ? points.length : first) - 1);
    last = Math.min(points.length - 1, last + 1);
    const every = Math.ceil((last - first) / this.width) || 1;
    return points.slice(first, last + 1).filter((_, i, all) => i % every === 0 || i === all.length - 1);
  }

  hovered() {
    const { cursor } = this.hands;
    this.readout.hidden = cursor == null || this.to == null && !this.sheet.matches(":focus");
    if (cursor == null) return [];
    const high = this.hands.height - EDGE.top - EDGE.bottom;
    const made = [draw("line", { class: "cursor", x1: this.x(cursor), x2: this.x(cursor), y1: 0, y2: high })];
    if (this.from != null) {
      const [a, b] = [this.x(this.valueAt(this.from)), this.x(cursor)].sort((one, two) => one - two);
      made.push(draw("rect", { class: "drag", x: a, width: b - a, y: 0, height: high }));
    }
    made.push(...this.read(cursor));
    return made;
  }

  // What every line says nearest to the cursor, in words, and a ring around each point.
  read(cursor) {
    const found = this.lines.flatMap((line) => {
      const near = line.points.reduce((best, point) => (point[1] != null && Math.abs(point[0] - cursor) < Math.abs((best?.[0] ?? Infinity) - cursor) ? point : best), null);
      return near && line.style !== "step" ? [{ ...line, near }] : [];
    });
    const show = this.measure === "accuracy" ? percent : number;
    const unit = (x) => (this.hands.axis === "epoch" ? `epoch ${x}` : duration(x));
    const lines = found.map(({ run, style, near }) => {
      const line = element("div", "", `${unit(near[0])} · ${SAID[style]} ${show(near[1])}${this.hands.runs.length > 1 ? ` · ${run.name}` : ""}`);
      line.style.borderLeft = `4px ${style === "train" ? "dashed" : "solid"} ${run.colour}`;
      return line;
    });
    this.readout.replaceChildren(...lines);
    this.readout.hidden = !lines.length;
    const right = this.x(cursor) > (this.width - EDGE.left) / 2;
    this.readout.style.cssText = right ? `left:${EDGE.left + 8}px` : `right:${EDGE.right + 8}px`;
    return found.map(({ run, near }) => draw("circle", { class: "ring", cx: this.x(near[0]), cy: this.y(near[1]), r: 6, stroke: run.colour }));
  }

  empty() {
    const waits = this.hands.runs.some((run) => run.again != null || !run.next);
    return element("p", "empty", waits ? "Points appear here as soon as they are measured." : "No points were measured.");
  }
}
