// A sheet to draw on with a mouse or a finger. Each stroke that ends is sent as a picture.

const SIDE = 224;
const COLOURS = {
  black: "#1c1c1c", red: "#d7301f", orange: "#f28e2b", green: "#2e8b57", blue: "#2b6cb0", white: "#ffffff",
};
const sheets = new WeakMap();

const make = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

const wipe = (sheet) => {
  sheet.pen.fillStyle = "#ffffff";
  sheet.pen.fillRect(0, 0, SIDE, SIDE);
  sheet.strokes = [];
};

const trace = ({ pen }, { points, colour, filled }) => {
  pen.beginPath();
  points.forEach(([x, y], number) => (number ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.fillStyle = pen.strokeStyle = colour;
  if (filled && points.length > 2) {
    pen.closePath();
    pen.fill();
  } else if (points.length === 1) {
    pen.arc(...points[0], pen.lineWidth / 2, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.stroke();
};

const redraw = (sheet) => {
  const strokes = sheet.strokes;
  wipe(sheet);
  sheet.strokes = strokes;
  strokes.forEach((stroke) => trace(sheet, stroke));
};

const where = (sheet, event) => {
  const box = sheet.canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(
    (share) => Math.round(SIDE * Math.min(1, Math.max(0, share))),
  );
};

const button = (text, act) => {
  const made = make("button", "act", text);
  made.type = "button";
  made.onclick = act;
  return made;
};

const choose = (sheet, name) => {
  sheet.colour = COLOURS[name];
  for (const [each, swatch] of Object.entries(sheet.swatches)) {
    swatch.setAttribute("aria-pressed", String(each === name));
  }
};

const tools = (sheet) => {
  const made = make("div", "tools");
  sheet.swatches = {};
  for (const [name, colour] of Object.entries(COLOURS)) {
    const swatch = button("", () => choose(sheet, name));
    swatch.className = "colour";
    swatch.style.background = colour;
    swatch.ariaLabel = name;
    sheet.swatches[name] = swatch;
    made.append(swatch);
  }
  const fill = button("Filled", () => {
    sheet.filled = !sheet.filled;
    fill.setAttribute("aria-pressed", String(sheet.filled));
  });
  fill.setAttribute("aria-pressed", "true");
  const undo = button("Undo", () => {
    sheet.strokes.pop();
    redraw(sheet);
    sheet.send();
  });
  const clear = button("Clear", () => {
    wipe(sheet);
    sheet.send();
  });
  made.append(fill, undo, clear);
  return made;
};

const listen = (sheet) => {
  const { canvas } = sheet;
  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const { colour, filled } = sheet;
    sheet.strokes.push((sheet.stroke = { points: [where(sheet, event)], colour, filled }));
    redraw(sheet);
  };
  canvas.onpointermove = (event) => {
    if (!sheet.stroke) return;
    sheet.stroke.points.push(where(sheet, event));
    redraw(sheet);
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (!sheet.stroke) return;
    sheet.stroke = null;
    sheet.send();
  };
};

const build = (place) => {
  const canvas = make("canvas", "paper");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  canvas.ariaLabel = "A sheet to draw on with a mouse or a finger";
  const pen = canvas.getContext("2d");
  pen.lineWidth = 9;
  pen.lineCap = pen.lineJoin = "round";
  const sheet = { canvas, pen, strokes: [], stroke: null, filled: true, send: () => {} };
  place.replaceChildren(canvas, tools(sheet));
  choose(sheet, "black");
  wipe(sheet);
  listen(sheet);
  return sheet;
};

export default function (component) {
  const { parentElement, setTriggerValue } = component;
  const place = parentElement.querySelector(".widget");
  if (!sheets.has(place)) sheets.set(place, build(place));
  const sheet = sheets.get(place);
  sheet.send = () => {
    const drawn = sheet.strokes.length ? sheet.canvas.toDataURL("image/png") : "";
    setTriggerValue("drawn", drawn || "empty");
  };
}
