// docs/fault-matrix.md: what was broken on the way, times what was to be done. The test writes it with
// AICLEARANCE_WRITE_PAGES=1 (FAULT_LOADS names loads, by commas); a run of either form finds the page stale where it says otherwise.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after } from 'node:test';

const page = new URL('../../docs/fault-matrix.md', import.meta.url);
const head = `# Faults of the directory, and what became of the memberships

Made by \`tests/system/engine_faults.test.js\`, which breaks the sandbox in each of these ways while grants come due all at once.
*Exact* means: the members of every group are those who were approved, and nobody else; every grant has its own end, and its
end one audit event; and nothing was sent before a Retry-After was over. \`./test\` does the last load with 40 people in 4 groups; \`./test --full\` does all of
them with 400 in 20. A cell with a dash was not run when this page was written.
`;

const line = (name, columns, cells) => `| ${name} | ${columns.map((column) => cells.get(column) ?? '—').join(' | ')} |`;

// The cells of a row that stands in the page.
function cellsOf(text, name, columns) {
  const found = text.split('\n').find((one) => one.startsWith(`| ${name} |`));
  return new Map(columns.map((column, at) => [column, found?.split('|')[at + 2]?.trim()]));
}

export function faultPage(columns) {
  const rows = new Map();
  after(() => {
    if (process.env.AICLEARANCE_WRITE_PAGES === '1') {
      const lines = [...rows].map(([name, cells]) => line(name, columns, cells));
      writeFileSync(page, `${head}\n| on the way | ${columns.join(' | ')} |\n|---|${columns.map(() => '---|').join('')}\n${lines.join('\n')}\n`);
      return;
    }
    const text = readFileSync(page, 'utf8');
    for (const [name, cells] of rows) {
      const said = cellsOf(text, name, columns);
      for (const [column, verdict] of cells) {
        if (said.get(column) !== '—') assert.equal(said.get(column), verdict, `docs/fault-matrix.md is stale: ${name}, ${column}`);
      }
    }
  });
  return {
    note(name, column, verdict) {
      if (!rows.has(name)) rows.set(name, new Map());
      rows.get(name).set(column, verdict);
    },
  };
}
