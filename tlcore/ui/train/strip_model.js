// The strip, worked out from what the page says: cells, columns that fit, and words for both.

const SPREAD = 3; // powers of ten between the palest and the strongest ember

const headRow = (data) => data.blocks.length - 1;

// From scratch, the first epoch is not for painting.
const firstFree = (data) => (data.locked ? 1 : 0);

const phaseNumber = (data, epoch) => data.phases.findLastIndex((phase) => phase.start <= epoch);

const cellAt = (data, row, epoch) => {
  const phase = data.phases[phaseNumber(data, epoch)];
  const rate = data.rate * phase.rates[row] * data.factors[epoch];
  return { share: phase.shares[row], rate };
};

const highestRate = (data) => {
  const rates = data.factors.flatMap((factor, epoch) => {
    const { rates, shares } = data.phases[phaseNumber(data, epoch)];
    return rates.filter((_, row) => shares[row] > 0).map((rate) => rate * factor * data.rate);
  });
  return Math.max(...rates, Number.MIN_VALUE);
};

// How strongly a rate glows, from 0 to 1.
const glow = (rate, highest) =>
  rate > 0 ? Math.max(0, Math.min(1, 1 + Math.log10(rate / highest) / SPREAD)) : 0;

// Columns of one epoch each or, if there is room for fewer, of several: never of two phases.
const columnsFor = (data, most) => {
  const epochs = data.factors.length;
  if (epochs <= most) return Array.from({ length: epochs }, (_, e) => ({ first: e, last: e }));
  const counts = data.phases.map((phase) => Math.max(1, Math.floor((most * phase.epochs) / epochs)));
  return data.phases.flatMap((phase, number) => {
    const count = Math.min(counts[number], phase.epochs);
    const edge = (part) => phase.start + Math.round((part * phase.epochs) / count);
    return Array.from({ length: count }, (_, c) => ({ first: edge(c), last: edge(c + 1) - 1 }));
  });
};

const rounded = (value) => String(Number(value.toPrecision(2)));

const spanWords = (one, { first, last }) =>
  first === last ? `${one} ${first + 1}` : `${one}s ${first + 1} to ${last + 1}`;

const stateWords = ({ share, rate }) => {
  if (share === 0) return "frozen";
  const part = share < 1 ? `thawed in part (${rounded(share * 100)} % of it)` : "thawed";
  return `${part}, learning rate ${rounded(rate)}`;
};

const cellWords = (data, row, column) =>
  `${data.blocks[row].name}, ${spanWords("epoch", column)}: ` +
  stateWords(cellAt(data, row, column.first));

const columnWords = (data, column) => {
  const number = phaseNumber(data, column.first);
  const phase = data.phases[number];
  const rate = phase.rates[headRow(data)];
  const times = rate === 1 ? "" : `, at ${rounded(rate)} times the rate`;
  const anew = phase.restart ? "; its rate schedule starts anew" : "";
  const which = `phase ${number + 1} of ${data.phases.length}`;
  return `${spanWords("Epoch", column)}: ${which}, thawed: ${phase.thaw}${times}${anew}`;
};

const blockWords = (data, row) => `${data.blocks[row].name}: ${data.blocks[row].words}`;
