// Reads node's TAP report and prints one line a leaf test: "ok\tname", "skip\tname" or "fail\tname". A suite's or file's own
// line only repeats its children; a file that could not run at all has none, and counts as one failure.
import { readFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').split('\n');
const results = [];
for (let at = 0; at < lines.length; at++) {
  const found = /^( *)(not ok|ok) \d+ - (.*?)( # (SKIP|TODO).*)?$/.exec(lines[at]);
  if (!found) continue;
  const [, indent, outcome, name, , directive] = found;
  const depth = indent.length;
  // Children of this point were pushed with a greater depth, since TAP prints them first.
  const parent = results.length > 0 && results[results.length - 1].depth > depth;
  results.push({ depth, kind: directive ? 'skip' : outcome === 'ok' ? 'ok' : 'fail', name, parent });
}
const leaves = results.filter((result) => !result.parent);
for (const leaf of leaves) console.log(`${leaf.kind}\t${leaf.name}`);
process.exit(leaves.length > 0 ? 0 : 1);
