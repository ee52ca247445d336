// The runs of the lab, one below the other. Those under way say by themselves how far they are.

const BETWEEN = 2; // seconds
const LISTS = new WeakMap();

const element = (kind, name, text) => {
  const made = document.createElement(kind);
  made.className = name;
  if (text != null) made.textContent = text;
  return made;
};

const moment = (seconds) => {
  const then = new Date(1000 * seconds);
  const today = then.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return then.toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit", ...day });
};

const wordsOf = (item, news) => {
  if (!news) return item.words;
  if (news.waits) return news.waits;
  return `${news.state} · ${news.epoch} of ${news.epochs} epochs`;
};

class List {
  constructor(root) {
    this.root = root;
    this.root.classList.add("list");
    this.news = new Map();
    this.hear = ({ detail }) => this.take(detail);
    document.addEventListener("thaw-news", this.hear);
  }

  update({ data, setTriggerValue }) {
    const under = data.items.filter((item) => item.live).map((item) => item.id);
    this.news = new Map([...this.news].filter(([id]) => under.includes(id)));
    // the chart beside the list asks for the run that is shown, and says what it hears
    this.asked = under.filter((id) => id !== data.chosen);
    [this.data, this.trigger] = [data, setTriggerValue];
    if (JSON.stringify(data) !== this.shown) this.draw();
    this.shown = JSON.stringify(data);
    clearTimeout(this.timer);
    if (this.asked.length) this.timer = setTimeout(() => this.look(), 1000 * BETWEEN);
  }

  async look() {
    try {
      const options = { cache: "no-store", signal: AbortSignal.timeout(10_000) };
      const answer = await fetch(`${this.data.address}?brief=1&run=${this.asked.join()}`, options);
      for (const news of (await answer.json()).runs ?? []) this.take(news);
    } catch {
      // the chart beside the list tells that the server is away
    }
    if (!this.stopped) this.timer = setTimeout(() => this.look(), 1000 * BETWEEN);
  }

  // A new state belongs elsewhere in the list. Of the run that is shown, its chart tells the page.
  take(news) {
    const item = this.data?.items.find(({ id }) => id === news.id);
    if (!item?.live || this.stopped) return;
    const state = news.binned || news.gone ? "gone" : news.state;
    if (state === item.state) {
      this.news.set(item.id, news);
      this.fill(item);
    } else if (item.id !== this.data.chosen && this.told !== `${item.id} ${state}`) {
      this.told = `${item.id} ${state}`;
      this.trigger("changed", this.told);
    }
  }

  draw() {
    this.rows = new Map();
    const made = [];
    let group = null;
    for (const item of this.data.items) {
      if (item.group !== group) made.push(element("h3", "", item.group));
      group = item.group;
      const row = this.row(item);
      this.rows.set(item.id, row);
      this.fill(item);
      made.push(row);
    }
    this.root.replaceChildren(...made);
  }

  row(item) {
    const button = element("button", `run ${item.state}`);
    button.type = "button";
    button.ariaCurrent = item.id === this.data.chosen ? "true" : "false";
    button.onclick = () => this.trigger("chosen", item.id);
    const name = element("strong", "", item.name);
    name.title = item.name;
    const line = element("span", "line");
    line.append(element("span", "words"), element("time", "", moment(item.created)));
    button.append(name);
    if (item.about) button.append(element("span", "about", item.about));
    button.append(line);
    if (item.owner) button.append(element("span", "owner", `by ${item.owner}`));
    if (item.live) button.append(element("progress", ""));
    return button;
  }

  fill(item) {
    const row = this.rows.get(item.id);
    const news = this.news.get(item.id);
    row.querySelector(".words").textContent = wordsOf(item, news);
    const bar = row.querySelector("progress");
    if (!bar) return;
    bar.max = item.epochs;
    bar.value = news?.epoch ?? item.epoch;
    bar.ariaLabel = "epochs done";
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    document.removeEventListener("thaw-news", this.hear);
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".widget");
  if (!LISTS.has(root)) LISTS.set(root, new List(root));
  const list = LISTS.get(root);
  list.update(component);
  return () => {
    list.stop();
    LISTS.delete(root);
  };
}
