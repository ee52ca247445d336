// From what a run has said to lines on a chart: points, ranges, marks, and the tags they become.

const SVG = "http://www.w3.org/2000/svg";
const STEPS_WORTH_IT = 3; // for each epoch: fewer say no more than the epochs do
const LINES = {
  accuracy: [["train_accuracy", "train"], ["validation_accuracy", "validation"]],
  loss: [["loss", "step"], ["train_loss", "train"], ["validation_loss", "validation"]],
};
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
  const round = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const apart = whole ? Math.max(1, round) : round;
  const first = Math.ceil(low / apart);
  const count = Math.floor(high / apart + 1e-6) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * apart).toPrecision(10)));
};

// Each point is the mean of those before it, the nearer the more: what a single batch says jumps.
const smoothed = (points) => {
  const keep = 1 - 1 / Math.max(4, points.length / 60);
  let [sum, weight] = [0, 0];
  return points.map(([x, y]) => {
    if (y != null) [sum, weight] = [sum * keep + y, weight * keep + 1];
    return [x, weight ? sum / weight : null];
  });
};

// The points [x, y] of one of a run's curves.
const curveOf = (run, name, axis) => {
  const raw = run.curves[name] ?? [];
  const ofSteps = name === "loss";
  if (ofSteps && raw.length < STEPS_WORTH_IT * (run.curves.train_loss?.length ?? 0)) return [];
  const x = (point) => (axis === "seconds" ? point[3] : epochOf(run, point, ofSteps));
  const points = raw.map((point) => [x(point), point[2]]);
  return ofSteps ? smoothed(points) : points;
};

// All that a chart of these runs may show: to the last epoch that is still to come.
const wholeRange = (runs, axis) => {
  const seconds = (run) => (run.curves.loss ?? run.curves.train_loss)?.at(-1)?.[3] ?? 1;
  const epochs = (run) => (run.again == null && run.next ? placeOf(run) : run.epochs);
  const ends = runs.map((run) => (axis === "seconds" ? seconds(run) : epochs(run)) ?? 1);
  return [0, Math.max(1, ...ends)];
};

// The least and the most of what lies within a range; null where nothing does.
const extremesOf = (lines, [low, high]) => {
  let [least, most] = [Infinity, -Infinity];
  for (const { points } of lines) {
    for (const [x, y] of points) {
      if (y == null || x < low || x > high) continue;
      [least, most] = [Math.min(least, y), Math.max(most, y)];
    }
  }
  return least <= most ? [least, most] : null;
};

// When a phase began, on the axis; null if that can't be said yet.
const momentOf = (run, start, axis) => {
  if (axis === "epoch") return start;
  return run.curves.train_loss?.find(([epoch]) => epoch === start - 1)?.[3] ?? null;
};

// The point of a line that is nearest to a place on the axis.
const nearest = (points, x) => {
  let found = null;
  for (const point of points) {
    if (point[1] == null) continue;
    if (!found || Math.abs(point[0] - x) < Math.abs(found[0] - x)) found = point;
  }
  return found;
};

// The points in a range with one more on either side; of thousands, so many.
const inSight = (points, [low, high], most) => {
  const from = points.findIndex(([x]) => x >= low);
  const to = points.findLastIndex(([x]) => x <= high);
  if (from < 0 && to < 0) return [];
  const first = Math.max(0, (from < 0 ? points.length : from) - 1);
  const some = points.slice(first, to + 2);
  const every = Math.ceil(some.length / most);
  return some.filter((_, i) => i % every === 0 || i === some.length - 1);
};
