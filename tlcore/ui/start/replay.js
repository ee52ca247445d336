// Two recorded curves, drawn as they grew. Whoever asks for less motion sees them whole.

const WIDTH = 620, HEIGHT = 330, LEFT = 44, RIGHT = 120, TOP = 12, BOTTOM = 40;
const SECONDS = 6;
const SVG = "http://www.w3.org/2000/svg";

const element = (name, facts, text) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
};

const up = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
const across = (epoch, count) => LEFT + ((epoch + 1) / count) * (WIDTH - LEFT - RIGHT);

const grid = (drawing, data, count) => {
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    drawing.append(
      element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: up(share), y2: up(share) }),
      element("text", { x: LEFT - 8, y: up(share) + 4, "text-anchor": "end" }, `${100 * share} %`),
    );
  }
  for (let epoch = 10; epoch <= count; epoch += 10) {
    drawing.append(
      element("text", { x: across(epoch - 1, count), y: HEIGHT - 20, "text-anchor": "middle" }, `${epoch}`),
    );
  }
  drawing.append(
    element("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 3, "text-anchor": "middle" }, data.across),
  );
};

const points = (values, shown, count) => {
  const whole = values.slice(0, Math.floor(shown));
  const places = whole.map((value, epoch) => [across(epoch, count), up(value)]);
  const part = shown - whole.length;
  if (whole.length && whole.length < values.length) {
    const last = whole[whole.length - 1], next = values[whole.length];
    places.push([across(whole.length - 1 + part, count), up(last + part * (next - last))]);
  }
  return places;
};

const lines = (drawing, data) =>
  data.runs.map((run, number) => {
    const line = element("polyline", {
      fill: "none", stroke: run.colour, "stroke-width": 3, "stroke-linejoin": "round",
      "stroke-dasharray": number ? "7 4" : "none",
    });
    const name = element("text", { class: "name" }, run.name);
    const dot = element("circle", { r: 5, fill: run.colour });
    drawing.append(line, dot, name);
    return { run, line, name, dot };
  });

const draw = (drawn, shown, count) => {
  for (const { run, line, name, dot } of drawn) {
    const places = points(run.values, shown, count);
    if (!places.length) continue;
    const [x, y] = places[places.length - 1];
    line.setAttribute("points", places.map((place) => place.join(",")).join(" "));
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    name.setAttribute("x", x + 10);
    name.setAttribute("y", y + 5);
  }
};

const play = (root, drawn, count) => {
  cancelAnimationFrame(root.playing);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return draw(drawn, count, count);
  const began = performance.now();
  const step = (now) => {
    const shown = Math.min(count, 1 + ((now - began) / 1000 / SECONDS) * (count - 1));
    draw(drawn, shown, count);
    if (shown < count) root.playing = requestAnimationFrame(step);
  };
  root.playing = requestAnimationFrame(step);
};

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".widget");
  const shown = JSON.stringify(data);
  if (root.dataset.shown === shown) return;
  root.dataset.shown = shown;
  root.classList.add("replay");
  const count = Math.max(...data.runs.map((run) => run.values.length));
  const drawing = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": data.label });
  grid(drawing, data, count);
  const drawn = lines(drawing, data);
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = data.again;
  again.onclick = () => play(root, drawn, count);
  root.replaceChildren(drawing, again);
  play(root, drawn, count);
  return () => cancelAnimationFrame(root.playing);
}
