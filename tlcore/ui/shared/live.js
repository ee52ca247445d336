// Watches runs: asks for what is new, keeps it, has it drawn, and tells the page of a new state.

const PATIENCE = 10; // seconds for an answer
const SLOWEST = 5; // seconds between two questions while nobody answers
const MOST_STEPS = 6000;
const MOST_NOTES = 5;
const QUIET = 15; // seconds between two things that are said aloud
const WATCHES = new WeakMap();
const ZOOMS = (globalThis.thawZooms ??= new Map()); // found again when a chart is built anew

const placed = ([epoch, step]) => epoch * 1e7 + step;

// A resumed run measures some points again: they replace whatever was there from there on.
const extend = (curve, points) => {
  for (const point of points) {
    while (curve.length && placed(curve.at(-1)) >= placed(point)) curve.pop();
    curve.push(point);
  }
  if (curve.length > MOST_STEPS) curve.splice(0, curve.length, ...curve.filter((_, i) => i % 2));
};

const blank = () => ({ curves: {}, planned: [], begun: new Set(), notes: [], longest: 1, epoch: 0 });

// The latest things that the runs want people to know; the same for several is said once.
const notesOf = (runs) => {
  const whose = (run) => (runs.length > 1 ? `${run.name}: ` : "");
  const all = runs.flatMap((run) => run.notes.map((note) => whose(run) + note));
  return [...new Set(all)].slice(-MOST_NOTES);
};

class Watch {
  constructor(root) {
    this.root = root;
    this.runs = new Map();
    this.away = "";
    this.misses = 0;
    this.drawing = false;
    this.spoken = 0;
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(root);
    this.awake = () => document.hidden || this.look();
    document.addEventListener("visibilitychange", this.awake);
    this.build();
  }

  build() {
    this.root.classList.add("live");
    this.banner = element("p", "away");
    this.banner.role = "status";
    this.list = element("ul", "runs");
    this.panels = element("div", "panels");
    this.notes = element("ul", "notes");
    this.styles = element("p", "styles", "");
    this.table = element("details", "table");
    this.table.append(element("summary", "", "Table of epochs"), element("div", "scroll"));
    this.table.ontoggle = () => this.redraw();
    this.heard = element("p", "heard");
    this.heard.ariaLive = "polite";
    const { banner, list, panels, styles, notes, table, heard } = this;
    this.root.replaceChildren(banner, list, panels, styles, notes, table, heard);
  }

  // What the page says: which runs, as it knows them, and how to draw them.
  update(data, tell) {
    this.tell = tell;
    const shape = JSON.stringify([data.measures, data.axis, data.height]);
    if (JSON.stringify(data.runs) !== JSON.stringify(this.data?.runs)) this.told = "";
    this.data = data;
    const found = data.runs.map((given) => {
      const known = this.runs.get(given.id) ?? blank();
      if (known.state !== given.state) known.again = 0; // the page has changed it: look again
      return Object.assign(known, { id: given.id, name: given.name, colour: given.colour });
    });
    this.runs = new Map(found.map((run) => [run.id, run]));
    if (shape !== this.shape) this.arrange(shape);
    this.hands.runs = found;
    this.hands.ember = data.ember;
    this.redraw();
    this.look();
  }

  arrange(shape) {
    this.shape = shape;
    const { key, axis, height, measures } = this.data;
    const place = `${key} ${axis}`;
    this.hands = {
      axis,
      height,
      cursor: null,
      redraw: () => this.redraw(),
      get zoom() { return ZOOMS.get(place) ?? null; },
      set zoom(range) { ZOOMS.set(place, range); },
    };
    this.charts = measures.map((measure) => new Chart(measure, this.hands));
    this.panels.replaceChildren(...this.charts.map((chart) => chart.box));
  }

  async look() {
    clearTimeout(this.timer);
    const asked = [...this.runs.values()].filter((run) => run.again != null || !run.next);
    if (!asked.length || this.asking || this.stopped) return;
    this.asking = true;
    const began = performance.now();
    await this.ask(asked);
    this.asking = false;
    if (this.stopped) return;
    this.redraw();
    this.announce();
    this.timer = setTimeout(() => this.look(), 1000 * this.pause((performance.now() - began) / 1000));
  }

  async ask(runs) {
    const query = new URLSearchParams({
      run: runs.map((run) => run.id).join(),
      since: runs.map((run) => run.next ?? "").join(),
    });
    try {
      const options = { cache: "no-store", signal: AbortSignal.timeout(1000 * PATIENCE) };
      const answer = await fetch(`${this.data.address}?${query}`, options);
      const said = await answer.json().catch(() => ({}));
      this.away = answer.ok ? "" : said.error ?? `The server answers ${answer.status}. Trying again.`;
      this.misses = answer.ok ? 0 : this.misses + 1;
      for (const news of said.runs ?? []) this.take(news);
    } catch {
      this.away = "The server doesn't answer. The run goes on; trying again.";
      this.misses += 1;
    }
  }

  // Others on the page may want to know, too: the list of runs does.
  take(news) {
    document.dispatchEvent(new CustomEvent("thaw-news", { detail: news }));
    const run = this.runs.get(news.id);
    if (!run) return;
    const { curves = {}, begun = [], notes = [], ...facts } = news;
    Object.assign(run, { place: null, waits: null, memory: null, again: null, gone: "" }, facts);
    if (news.binned) run.state = "binned";
    if (news.gone) run.state = "gone";
    for (const [name, points] of Object.entries(curves)) {
      extend((run.curves[name] ??= []), points);
    }
    run.longest = Math.max(run.longest, ...(curves.loss ?? []).map(([, step]) => step + 1));
    begun.forEach((phase) => run.begun.add(phase));
    run.notes.push(...notes);
  }

  // Seconds until the next question: as the server says, and less often if it takes its time.
  pause(took) {
    if (this.misses) return Math.min(SLOWEST, 0.5 * 2 ** this.misses);
    const all = [...this.runs.values()].map((run) => (run.next ? run.again : 0));
    const waits = all.filter((wait) => wait != null);
    return Math.max(Math.min(...waits), 4 * took);
  }

  // One rerun of the page for each new state: it has other buttons then.
  announce() {
    const isNew = (given) => {
      const run = this.runs.get(given.id);
      return run.state !== given.state && (run.gone || (run.next && run.updated >= given.updated));
    };
    const states = JSON.stringify(this.data.runs.map(({ id }) => [id, this.runs.get(id).state]));
    if (states === this.told || !this.data.runs.some(isNew)) return;
    this.told = states;
    this.tell(states);
  }

  redraw() {
    if (this.drawing || this.stopped) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (!this.stopped && this.data) this.draw();
    });
  }

  draw() {
    const runs = [...this.runs.values()];
    this.banner.textContent = this.away;
    this.banner.hidden = !this.away;
    this.list.replaceChildren(...runs.map((run, place) => this.line(run, place)));
    this.notes.replaceChildren(...notesOf(runs).map((note) => element("li", "", note)));
    this.charts.forEach((chart) => chart.draw());
    this.styles.replaceChildren(...this.legend());
    if (this.table.open) this.table.lastChild.replaceChildren(tableOf(runs));
    this.say(runs);
  }

  // A run alone needs no name: the page says whose curves these are.
  line(run, place) {
    const row = element("li", this.runs.size > 1 ? "" : "alone");
    const swatch = draw("svg", { width: 26, height: 12, "aria-hidden": "true" });
    const ink = { stroke: run.colour, fill: run.colour, "stroke-width": 2.5 };
    swatch.append(draw("path", { d: `M0 6H26${markOf(place)(13, 6)}`, ...ink }));
    const bar = element("progress", "");
    bar.max = run.epochs ?? 1;
    bar.value = Math.min(bar.max, placeOf(run));
    bar.ariaLabel = `${run.name}: epochs done`;
    bar.style.accentColor = run.colour;
    const words = wordsFor(run, this.runs.size === 1).join(" · ");
    row.append(swatch, element("strong", "", run.name), element("span", "words", words), bar);
    return row;
  }

  // What the lines mean that were drawn just now.
  legend() {
    const drawn = this.charts.flatMap((chart) => chart.lines).filter(({ points }) => points.length);
    const styles = new Set(drawn.map((line) => line.style));
    const used = ["validation", "train", "step"].filter((style) => styles.has(style));
    return used.map((style) => {
      const entry = element("span", "entry");
      const sample = draw("svg", { width: 30, height: 10, "aria-hidden": "true" });
      sample.append(draw("path", { class: `line ${style}`, d: "M0 5H30", stroke: "currentColor" }));
      entry.append(sample, SAID[style]);
      return entry;
    });
  }

  // For whoever can't look: how it stands, now and then and when something changes.
  say(runs) {
    const states = runs.map((run) => run.state).join() + this.away;
    const now = performance.now() / 1000;
    if (states === this.saidOf && now - this.spoken < QUIET) return;
    [this.saidOf, this.spoken] = [states, now];
    this.heard.textContent = `${this.away} ${summaryOf(runs)}`.trim();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.awake);
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".widget");
  if (!WATCHES.has(root)) WATCHES.set(root, new Watch(root));
  const watch = WATCHES.get(root);
  watch.update(data, (states) => setTriggerValue("changed", states));
  return () => {
    watch.stop();
    WATCHES.delete(root);
  };
}
