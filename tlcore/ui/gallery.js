// A grid of pictures. Text goes in as text, so a class named <b> stays one.

const tileFor = (tile, number, choose) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `tile ${tile.tone}`;
  button.onclick = () => choose(number);
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.alt = tile.alt || tile.caption;
  picture.onload = () => button.classList.toggle("large", picture.naturalWidth > 64);
  picture.src = tile.source;
  const caption = document.createElement("span");
  caption.textContent = tile.caption;
  caption.title = tile.caption;
  button.append(picture, caption);
  return button;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const grid = parentElement.querySelector(".widget");
  const shown = JSON.stringify(data);
  if (grid.dataset.shown === shown) return; // a rerun with the same pictures: nothing flickers
  grid.dataset.shown = shown;
  grid.classList.add("gallery");
  grid.style.setProperty("--side", `${data.side}px`);
  const choose = (number) => setTriggerValue("clicked", number);
  grid.replaceChildren(...data.tiles.map((tile, number) => tileFor(tile, number, choose)));
}
