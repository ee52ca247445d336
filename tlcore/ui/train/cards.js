// Backbones as cards: filtered as one types, chosen by a click or by keys as radio buttons are.

const made = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const cardOf = (card, chosen, choose) => {
  const button = made("button", "card");
  button.type = "button";
  button.setAttribute("role", "radio");
  button.setAttribute("aria-checked", String(card.name === chosen));
  button.tabIndex = card.name === chosen ? 0 : -1;
  button.dataset.name = card.name;
  button.dataset.words = `${card.title} ${card.known_as} ${card.where}`.toLowerCase();
  button.append(
    made("strong", "", card.title),
    made("span", "", card.facts),
    made("span", "where", card.where),
    made("span", "faint", card.licence),
  );
  button.onclick = () => choose(card.name);
  return button;
};

const visible = (place) => [...place.querySelectorAll(".card")].filter((card) => !card.hidden);

const filter = (place, text) => {
  const words = text.toLowerCase().split(/\s+/);
  for (const card of place.querySelectorAll(".card")) {
    card.hidden = !words.every((word) => card.dataset.words.includes(word));
  }
  for (const group of place.querySelectorAll("section")) {
    group.hidden = !group.querySelector(".card:not([hidden])");
  }
  const cards = visible(place);
  place.querySelector(".none").hidden = cards.length > 0;
  if (!cards.some((card) => card.tabIndex === 0) && cards[0]) cards[0].tabIndex = 0;
};

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const onKey = (place, event) => {
  if (!STEPS[event.key] || !event.target.closest(".card")) return;
  const cards = visible(place);
  const here = cards.indexOf(event.target.closest(".card"));
  cards[(here + STEPS[event.key] + cards.length) % cards.length].focus();
  event.preventDefault();
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const place = parentElement.querySelector(".widget");
  const shown = JSON.stringify(data);
  if (place.dataset.shown === shown) return;
  const focused = place.getRootNode().activeElement?.dataset?.name;
  const typed = place.querySelector("input")?.value ?? "";
  place.dataset.shown = shown;
  const input = made("input", "filter");
  input.type = "search";
  input.placeholder = "Filter: a name, a family, carried …";
  input.setAttribute("aria-label", "Filter backbones");
  input.value = typed;
  input.oninput = () => filter(place, input.value);
  const list = made("div", "list");
  list.setAttribute("role", "radiogroup");
  list.setAttribute("aria-label", "Backbones");
  const choose = (name) => setTriggerValue("chosen", name);
  for (const group of data.groups) {
    const section = made("section", "");
    const cards = made("div", "cards");
    cards.append(...group.cards.map((card) => cardOf(card, data.chosen, choose)));
    section.append(made("h4", "", group.title), cards);
    list.append(section);
  }
  const none = made("p", "none", "No backbone of the catalogue goes by that.");
  place.replaceChildren(input, list, none);
  place.onkeydown = (event) => onKey(place, event);
  filter(place, typed);
  if (focused) place.querySelector(`[data-name="${focused}"]`)?.focus();
}
