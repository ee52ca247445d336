// How a run is getting on, in words: for its line, its table, and whoever listens instead of looking.

const AT_WORK = ["starting", "running", "pausing", "stopping"];
const WORTH_TELLING = 3; // seconds of work from which on a forecast stands on something
const LONGEST_TABLE = 300;

const percent = (share) => (share == null ? "–" : `${(100 * share).toFixed(1)} %`);
const number = (value) => {
  if (value == null) return "–";
  return value < 10 ? value.toPrecision(3) : value.toFixed(1);
};
const whole = (value) => Math.round(value).toLocaleString("en");

const duration = (seconds) => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 5) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

// A moment on an axis that ends at so many seconds.
const axisTime = (seconds, end) =>
  end < 600 ? `${seconds} s` : `${Number((seconds / 60).toFixed(1))} min`;

const stepsOf = (run) => Math.max(run.steps ?? 1, run.longest);

// Where a point lies between 0 and the number of epochs: at the end of its step, or of its epoch.
const epochOf = (run, [epoch, step], ofSteps) =>
  ofSteps ? epoch + (step + 1) / stepsOf(run) : epoch + 1;

const placeOf = (run) => {
  const last = run.curves.loss?.at(-1);
  return last && last[0] >= run.epoch ? epochOf(run, last, true) : run.epoch;
};

const phaseAt = (run, place) => run.planned.findLast(([start]) => start <= place) ?? [0, ""];
const nextPhase = (run, place) => run.planned.find(([start]) => start > place);

// How far the run was, and after how many seconds.
const timesOf = (run, name, ofSteps) =>
  (run.curves[name] ?? []).map((point) => [epochOf(run, point, ofSteps), point[3]]);

// Seconds that are left, as the last few epochs of this phase went; null while that says nothing.
// A phase that thaws more is slower, so until it has begun there is no telling how long it takes.
const forecast = (run) => {
  const place = placeOf(run);
  const from = Math.max(phaseAt(run, place)[0], place - 5);
  const times = [...timesOf(run, "loss", true), ...timesOf(run, "train_loss", false)];
  const recent = times.filter(([x]) => x >= from).sort(([one], [two]) => one - two);
  if (recent.length < 2) return null;
  const [first, last] = [recent[0], recent.at(-1)];
  const [epochs, seconds] = [last[0] - first[0], last[1] - first[1]];
  if (epochs <= 0 || (seconds < WORTH_TELLING && epochs < 1)) return null;
  const next = nextPhase(run, place);
  const end = next ? next[0] : run.epochs;
  return { seconds: (seconds / epochs) * Math.max(0, end - place), next };
};

const timeLeft = (run) => {
  const found = forecast(run);
  if (!found) return "time left: being measured";
  const left = duration(found.seconds);
  if (!found.next) return `about ${left} left`;
  return `${left} until more ${found.next[2] ? "thaws, then slower" : "freezes, then faster"}`;
};

const atWork = (run) => {
  const place = placeOf(run);
  if (run.state === "starting") return ["starting"];
  const asked = { pausing: ["pausing after this step"], stopping: ["stopping, the best is kept"] };
  const state = asked[run.state] ?? [];
  if (!run.curves.loss) return [...state, "getting pictures and network ready"];
  if (place >= run.epochs) return [...state, "now tested on pictures it has never seen"];
  const speed = run.curves.images_per_second?.at(-1)?.[2];
  return [
    ...state,
    `epoch ${Math.min(run.epochs, Math.floor(place) + 1)} of ${run.epochs}`,
    ...(speed ? [`${whole(speed)} pictures/s`] : []),
    ...(state.length ? [] : [timeLeft(run)]),
  ];
};

const wordsFor = (run, alone = false) => {
  if (!run.next && !run.gone) return ["asking …"];
  if (run.gone) return [run.gone];
  if (run.state === "binned") return ["in the bin"];
  if (run.state === "queued") return [run.waits ?? "waits for its turn"];
  if (AT_WORK.includes(run.state)) {
    const memory = run.memory ? `${whole(run.memory / 1e6)} MB of memory` : "";
    return [...atWork(run), ...(alone ? [run.device, memory] : [])].filter(Boolean);
  }
  const done = `${run.epoch} ${run.epoch === 1 ? "epoch" : "epochs"}`;
  const seconds = run.curves.train_loss?.at(-1)?.[3];
  return [run.state, done, ...(seconds ? [duration(seconds)] : [])];
};

const COLUMNS = [
  ["training loss", "train_loss", number],
  ["training accuracy", "train_accuracy", percent],
  ["validation loss", "validation_loss", number],
  ["validation accuracy", "validation_accuracy", percent],
  ["pictures/s", "images_per_second", (speed) => (speed == null ? "–" : whole(speed))],
];

const cell = (kind, text) => {
  const made = document.createElement(kind);
  made.textContent = text;
  if (kind === "th") made.scope = "col";
  return made;
};

const rowOf = (kind, texts) => {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => cell(kind, text)));
  return row;
};

// The same as the curves, for those who read rather than look: the latest epochs first.
const tableOf = (runs) => {
  const lines = runs.flatMap((run) => {
    const values = (name) => new Map((run.curves[name] ?? []).map((point) => [point[0], point[2]]));
    const curves = COLUMNS.map(([, name]) => values(name));
    const epochs = (run.curves.train_loss ?? []).map(([epoch]) => epoch).reverse();
    return epochs.map((epoch) => {
      const phase = run.planned.slice(1).find(([start]) => start === epoch);
      const cells = COLUMNS.map(([, , show], column) => show(curves[column].get(epoch)));
      const named = runs.length > 1 ? [run.name] : [];
      return [...named, String(epoch + 1), ...cells, phase ? phase[1] : ""];
    });
  });
  const table = document.createElement("table");
  const named = runs.length > 1 ? ["run"] : [];
  table.append(rowOf("th", [...named, "epoch", ...COLUMNS.map(([title]) => title), "phase"]));
  table.append(...lines.slice(0, LONGEST_TABLE).map((line) => rowOf("td", line)));
  if (lines.length > LONGEST_TABLE) {
    const caption = document.createElement("caption");
    caption.textContent = `The latest ${LONGEST_TABLE} of ${lines.length} lines`;
    table.prepend(caption);
  }
  return table;
};

const summaryOf = (runs) =>
  runs
    .map((run) => {
      const accuracy = (run.curves.validation_accuracy ?? run.curves.train_accuracy)?.at(-1)?.[2];
      const right = accuracy == null ? [] : [`accuracy ${percent(accuracy)}`];
      return `${run.name}: ${[...wordsFor(run).slice(0, 2), ...right].join(", ")}.`;
    })
    .join(" ");
