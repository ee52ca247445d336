// A chart of lines. It is drawn anew whenever there is something new; its zoom stays.

const EDGE = { left: 48, right: 14, top: 10, bottom: 38 };
const ROOM = 7; // beyond the plot, for marks on its border
const MOST_MARKS = 45; // of a curve, before they touch
const ROWS = 5; // of words, before they begin again
const LONGEST = 48;
const TITLES = { accuracy: "Accuracy", loss: "Loss" };
const SAID = { train: "training", validation: "validation", step: "each step, smoothed" };
const HOW = "Left and right read values, plus and minus zoom, zero shows all.";

class Chart {
  // `hands` holds what all charts share: { axis, height, ember, zoom, cursor, runs, redraw }.
  constructor(measure, hands) {
    this.measure = measure;
    this.hands = hands;
    this.box = element("section", "panel");
    this.sheet = element("div", "sheet");
    this.sheet.tabIndex = 0;
    this.sheet.role = "group";
    this.sheet.ariaLabel = `${TITLES[measure]} chart. ${HOW}`;
    this.readout = element("div", "readout");
    const head = element("header", "head");
    head.append(element("h3", "", TITLES[measure]), zoomButtons(this, TITLES[measure]));
    this.box.append(head, this.sheet, this.readout);
    listenToMouse(this);
    listenToKeys(this);
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

  // What is hardly less than everything is everything.
  zoomTo(range) {
    const [first, last] = wholeRange(this.hands.runs, this.hands.axis);
    const [low, high] = [Math.max(first, range?.[0] ?? first), Math.min(last, range?.[1] ?? last)];
    const share = (high - low) / (last - first);
    this.hands.zoom = share < 0.98 && share > 0.001 ? [low, high] : null;
    this.hands.redraw();
  }

  valueAt = (pixel) => {
    const [low, high] = this.range;
    const share = Math.min(1, Math.max(0, (pixel - EDGE.left) / this.wide));
    return low + share * (high - low);
  };

  x = (value) => ((value - this.range[0]) / (this.range[1] - this.range[0])) * this.wide;

  y = (value) => (1 - (value - this.span[0]) / (this.span[1] - this.span[0])) * this.high;

  draw() {
    const { runs, axis, zoom, height } = this.hands;
    const width = this.sheet.clientWidth || 320;
    this.wide = width - EDGE.left - EDGE.right;
    this.high = height - EDGE.top - EDGE.bottom;
    this.range = zoom ?? wholeRange(runs, axis);
    this.lines = runs.flatMap((run, place) =>
      LINES[this.measure].map(([name, style]) => {
        return { run, place, style, points: curveOf(run, name, axis) };
      }),
    );
    this.span = this.spanOf(zoom);
    const picture = draw("svg", { width, height, "aria-hidden": "true" });
    picture.append(...this.rows(), ...this.columns(), this.plot());
    this.sheet.replaceChildren(picture);
    if (!this.lines.some((line) => line.points.length)) this.sheet.append(this.empty());
  }

  // All of 0 to 100 % at first; what is to be seen once somebody looks closer.
  spanOf(zoom) {
    const found = extremesOf(this.lines, this.range);
    if (!found || (this.measure === "accuracy" && !zoom)) return [0, 1];
    const [least, most] = found;
    const room = (most - least || Math.abs(most) || 1) * 0.06;
    return [zoom ? least - room : Math.min(0, least), most + room];
  }

  plot() {
    const [width, height] = [this.wide + 2 * ROOM, this.high + 2 * ROOM];
    const place = { x: EDGE.left - ROOM, y: EDGE.top - ROOM, width, height };
    const plot = draw("svg", { ...place, viewBox: `${-ROOM} ${-ROOM} ${width} ${height}` });
    const traces = this.lines.flatMap((line) => this.trace(line));
    plot.append(...this.thaws(), ...traces, ...this.hovered());
    return plot;
  }

  rows() {
    const share = (tick) => `${Number((100 * tick).toPrecision(4))} %`;
    return ticksIn(this.span, 5).flatMap((tick) => {
      const y = EDGE.top + this.y(tick);
      const ends = { x1: EDGE.left, x2: EDGE.left + this.wide, y1: y, y2: y };
      const place = { class: "tick", x: EDGE.left - 6, y: y + 4, "text-anchor": "end" };
      const text = this.measure === "accuracy" ? share(tick) : String(tick);
      return [draw("line", { class: "grid", ...ends }), draw("text", place, text)];
    });
  }

  columns() {
    const overTime = this.hands.axis === "seconds";
    const bottom = EDGE.top + this.high;
    const most = Math.max(2, Math.floor(this.wide / 60));
    const said = (tick) => (overTime ? axisTime(tick, this.range[1]) : String(tick));
    const middle = { class: "tick", "text-anchor": "middle" };
    const at = (x, y) => ({ ...middle, x: EDGE.left + x, y: bottom + y });
    const ticks = ticksIn(this.range, most, !overTime);
    return [
      ...ticks.map((tick) => draw("text", at(this.x(tick), 16), said(tick))),
      draw("text", at(this.wide / 2, 33), overTime ? "time" : "epochs"),
    ];
  }

  // Where a run's frozen layers thaw: faint as long as it is planned. Words stand where curves
  // seldom are.
  thaws() {
    const [lines, texts] = [[], []];
    for (const { x, begun, words } of this.thawMarks()) {
      const [place, row] = [this.x(x), lines.length % ROWS];
      const left = place < this.wide * 0.6;
      const name = `thaw ${begun ? "" : "planned"}`;
      const ends = { x1: place, x2: place, y1: 0, y2: this.high };
      const y = this.measure === "accuracy" ? this.high - 8 - row * 16 : 14 + row * 16;
      const anchor = { x: place + (left ? 6 : -6), y, "text-anchor": left ? "start" : "end" };
      const short = words.length > LONGEST ? `${words.slice(0, LONGEST - 2)} …` : words;
      lines.push(draw("line", { class: name, ...ends, stroke: this.hands.ember }));
      // a dot on its own line, so that words among many lines are read with the right one
      texts.push(draw("circle", { class: name, cx: place, cy: y - 4, r: 3.5, fill: this.hands.ember }));
      texts.push(draw("text", { class: name, ...anchor }, short));
    }
    return [...lines, ...texts];
  }

  thawMarks() {
    const { runs, axis } = this.hands;
    const [low, high] = this.range;
    const marks = runs.flatMap((run) =>
      run.planned.slice(1).map(([start, change], phase) => {
        const words = runs.length > 1 ? `${run.name} ${change}` : change;
        return { x: momentOf(run, start, axis), begun: run.begun.has(phase + 1), words };
      }),
    );
    return marks.filter(({ x }) => x != null && x >= low && x <= high);
  }

  // A line with a mark at each point, interrupted where a value is no number.
  trace({ run, place, style, points }) {
    const shown = inSight(points, this.range, this.wide);
    let [pen, path] = ["M", ""];
    for (const [x, y] of shown) {
      if (y != null) path += `${pen}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`;
      pen = y == null ? "M" : "L";
    }
    const line = draw("path", { class: `line ${style}`, d: path, stroke: run.colour });
    if (style === "step" || shown.length > MOST_MARKS) return [line];
    const whole = shown.filter(([, y]) => y != null);
    const marks = whole.map(([x, y]) => markOf(place)(this.x(x), this.y(y))).join("");
    const ink = { stroke: run.colour, fill: style === "validation" ? run.colour : "none" };
    return [line, draw("path", { class: `marks ${style}`, d: marks, ...ink })];
  }

  // The cursor, what is being dragged over, and what the lines say there.
  hovered() {
    const { cursor } = this.hands;
    this.readout.hidden = true;
    if (cursor == null) return [];
    const x = this.x(cursor);
    const made = [draw("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: this.high })];
    if (this.from != null) {
      const from = this.x(this.valueAt(this.from));
      const place = { x: Math.min(from, x), width: Math.abs(x - from), y: 0, height: this.high };
      made.push(draw("rect", { class: "drag", ...place }));
    }
    return [...made, ...this.read(cursor)];
  }

  read(cursor) {
    const found = this.lines
      .filter(({ style }) => style !== "step")
      .map((line) => ({ ...line, near: nearest(line.points, cursor) }))
      .filter(({ near }) => near);
    this.readout.replaceChildren(...found.map((line) => this.said(line)));
    this.readout.hidden = !found.length;
    const side = this.x(cursor) > this.wide / 2 ? "left" : "right";
    this.readout.style.cssText = `${side}:${EDGE[side] + 8}px`;
    return found.map(({ run, near: [x, y] }) =>
      draw("circle", { class: "ring", cx: this.x(x), cy: this.y(y), r: 6, stroke: run.colour }),
    );
  }

  said({ run, style, near: [x, y] }) {
    const when = this.hands.axis === "epoch" ? `epoch ${x}` : duration(x);
    const value = this.measure === "accuracy" ? percent(y) : number(y);
    const whose = this.hands.runs.length > 1 ? [run.name] : [];
    const line = element("div", "", [when, `${SAID[style]} ${value}`, ...whose].join(" · "));
    line.style.borderLeft = `4px ${style === "train" ? "dashed" : "solid"} ${run.colour}`;
    return line;
  }

  empty() {
    const waits = this.hands.runs.some((run) => run.again != null || !run.next);
    const soon = "Points appear here as soon as they are measured.";
    return element("p", "empty", waits ? soon : "No points were measured.");
  }
}
