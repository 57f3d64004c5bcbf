// docs/broken-set-ups.md: what the connection test said of every set-up that the tests broke, and whom an account was found to be. The tests produce it: each file
// keeps its own section, compares it with the page when all its tests ran, and writes it with AICLEARANCE_WRITE_PAGES=1.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, beforeEach } from 'node:test';

const page = join(dirname(fileURLToPath(import.meta.url)), '../../docs/broken-set-ups.md');

// One cell. Of a report: `check` code, the ones that failed before those that warned. Of a resolve: outcome and code.
function verdict(report) {
  if (!report.checks) return `${report.outcome}: [\`${report.code}\`](codes.md#${report.code})${report.candidates.length ? `, candidates: ${report.candidates.length}` : ''}`;
  const lines = ['failed', 'warning'].flatMap((outcome) => report.checks.filter((check) => check.outcome === outcome).map((check) => [outcome, check]));
  const cells = lines.map(([outcome, check]) => `${check.check}: [\`${check.code}\`](codes.md#${check.code})${outcome === 'warning' ? ' (warning)' : ''}`);
  return cells.length === 0 ? '**passes**' : [...new Set(cells)].join('<br>');
}

// `section`: its heading in the page. `titles`: what each group of tests (describe) is about, as a row begins; groups that are
// not named leave no rows. Gives a function that notes a report under the test that runs.
export function reportPage(section, titles) {
  const rows = new Map();
  let current = '';
  beforeEach((t) => {
    current = t.fullName ?? t.name;
  });
  after(() => {
    if (process.getuid() !== 0) return; // some rows need root

    const text = `## ${section}\n\n| set-up | what the test says |\n|---|---|\n${[...rows.values()].flatMap((lines) => [...lines]).join('\n')}`;
    const [head, ...sections] = readFileSync(page, 'utf8').split(/^(?=## )/m).map((part) => part.trimEnd());
    const at = sections.findIndex((one) => one.startsWith(`## ${section}\n`));
    if (process.env.AICLEARANCE_WRITE_PAGES === '1') {
      sections.splice(at < 0 ? sections.length : at, 1, text);
      writeFileSync(page, `${[head, ...sections].join('\n\n')}\n`);
      return;
    }
    assert.equal(sections[at], text, 'docs/broken-set-ups.md is stale: AICLEARANCE_WRITE_PAGES=1 writes what the tests saw');
  });
  return {
    note(report) {
      const group = Object.keys(titles).find((name) => current.startsWith(`${name} > `));
      if (!group) return;
      const name = current.split(' > ').at(-1).replace(/(: (refused|ambiguous|notFound|matched)\b.*|: [a-z_]+_[a-z_, ]+(;.*)?| is named as such)$/, '').replaceAll('|', '\\|');
      if (!rows.has(current)) rows.set(current, new Set());
      rows.get(current).add(`| ${[titles[group], name].filter(Boolean).join(' ')} | ${verdict(report)} |`);
    },
  };
}
