// A grid of pictures. Text goes in as text, so a class named <b> stays one.

const photoOf = (tile, button) => {
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.alt = tile.alt || tile.caption;
  picture.onload = () => button.classList.toggle("large", picture.naturalWidth > 64);
  picture.src = tile.source;
  return picture;
};

const noPhoto = () => {
  const place = document.createElement("span");
  place.className = "missing";
  place.textContent = "not kept";
  return place;
};

const tileFor = (tile, number, choose) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `tile ${tile.tone}`;
  button.onclick = () => choose(number);
  const caption = document.createElement("span");
  caption.textContent = tile.caption;
  caption.title = tile.alt || tile.caption; // a caption may have been shortened
  button.append(tile.source ? photoOf(tile, button) : noPhoto(), caption);
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
