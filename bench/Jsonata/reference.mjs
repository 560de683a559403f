// Measures the reference implementation over the same expressions and data; prints one JSON line per expression.
// Each figure is the best of five rounds of at least 100 ms, after as much warm-up.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const jsonata = createRequire(import.meta.url)("jsonata");
const [expressionsFile, dataFile] = process.argv.slice(2);
const expressions = JSON.parse(readFileSync(expressionsFile, "utf8"));
const data = JSON.parse(readFileSync(dataFile, "utf8"));

async function round(expression, input, milliseconds) {
  let count = 0;
  const start = process.hrtime.bigint();
  const end = start + BigInt(milliseconds) * 1000000n;
  let now = start;
  while (now < end) {
    for (let i = 0; i < 8; i++) await expression.evaluate(input);
    count += 8;
    now = process.hrtime.bigint();
  }
  return Number(now - start) / count;
}

for (const { name, data: dataset, expr } of expressions) {
  const expression = jsonata(expr);
  const input = data[dataset];
  const result = await expression.evaluate(input);
  let best = Infinity;
  await round(expression, input, 200);
  for (let i = 0; i < 5; i++) best = Math.min(best, await round(expression, input, 100));
  console.log(JSON.stringify({ name, nanoseconds: best, result: result === undefined ? null : result }));
}
