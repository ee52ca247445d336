// What mouse and keys do to a chart: read values off, zoom in, show all of it again.

const SLIP = 6; // pixels that a click may move without being a drag

const listenToMouse = (chart) => {
  const { sheet, hands } = chart;
  const at = (event) => event.clientX - sheet.getBoundingClientRect().left;
  sheet.onpointerdown = (event) => {
    if (event.button || event.pointerType === "touch") return; // a finger scrolls
    sheet.setPointerCapture(event.pointerId);
    chart.from = at(event);
  };
  sheet.onpointermove = (event) => {
    hands.cursor = chart.valueAt(at(event));
    hands.redraw();
  };
  sheet.onpointerup = (event) => {
    const ends = [chart.from, at(event)].sort((one, two) => one - two);
    if (chart.from != null && ends[1] - ends[0] > SLIP) chart.zoomTo(ends.map(chart.valueAt));
    chart.from = null;
  };
  sheet.onpointerleave = sheet.onblur = () => {
    hands.cursor = chart.from = null;
    hands.redraw();
  };
  sheet.ondblclick = () => chart.zoomTo(null);
};

const listenToKeys = (chart) => {
  const { sheet, hands } = chart;
  const move = (direction) => {
    const [low, high] = chart.range;
    const step = hands.axis === "epoch" ? 1 : (high - low) / 40;
    const from = hands.cursor ?? (direction > 0 ? low - step : high + step);
    chart.readAt(from + direction * step);
  };
  const acts = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Home: () => chart.readAt(chart.range[0]),
    End: () => chart.readAt(chart.range[1]),
    "+": () => chart.zoomBy(0.5),
    "-": () => chart.zoomBy(2),
    0: () => chart.zoomTo(null),
    Escape: () => chart.zoomTo(null),
  };
  sheet.onkeydown = (event) => {
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  };
};

const zoomButtons = (chart, title) => {
  const bar = element("div", "buttons");
  const acts = [
    ["−", "Zoom out", () => chart.zoomBy(2)],
    ["+", "Zoom in", () => chart.zoomBy(0.5)],
    ["All", "Show all", () => chart.zoomTo(null)],
  ];
  for (const [text, what, act] of acts) {
    const button = element("button", "", text);
    button.type = "button";
    button.title = what;
    button.ariaLabel = `${what}: ${title}`;
    button.onclick = act;
    bar.append(button);
  }
  return bar;
};
