// A bar for each class. Names go in as text, so a class named <b> stays one.

const part = (kind, name, text = "") => {
  const element = document.createElement(kind);
  element.className = name;
  element.textContent = text;
  return element;
};

const rowFor = (bar, choose) => {
  const row = part("button", bar.true ? "row true" : "row");
  row.type = "button";
  row.title = `Why ${bar.name}, or why not?`;
  const truth = bar.true ? ", which it is" : "";
  row.setAttribute("aria-label", `${bar.name}: ${bar.text}${truth}. Ask why.`);
  row.onclick = () => choose(bar.number);
  const track = part("span", "track");
  const fill = part("span", "fill");
  fill.style.width = `${Math.max(0.5, 100 * bar.share)}%`;
  fill.style.background = bar.colour;
  track.append(fill);
  row.append(part("span", "name", bar.true ? `${bar.name} ✓` : bar.name), track);
  row.append(part("span", "share", bar.text));
  return row;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const list = parentElement.querySelector(".widget");
  const shown = JSON.stringify(data);
  if (list.dataset.shown === shown) return; // a rerun with the same answer: the focus stays
  list.dataset.shown = shown;
  list.classList.add("bars");
  const choose = (number) => setTriggerValue("clicked", number);
  list.replaceChildren(...data.bars.map((bar) => rowFor(bar, choose)));
  if (data.rest) list.append(part("span", "rest", data.rest));
}
