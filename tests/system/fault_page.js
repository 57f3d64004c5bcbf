// docs/fault-matrix.md: what was broken on the way, times what was to be done. The test produces it, compares it with the page
// when all of it ran, and writes it with AICLEARANCE_WRITE_PAGES=1.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after } from 'node:test';

const page = new URL('../../docs/fault-matrix.md', import.meta.url);
const head = `# Faults of the directory, and what became of the memberships

Made by \`tests/system/engine_faults.test.js\`, which breaks the sandbox in each of these ways while grants come due all at once.
*Exact* means: the members of every group are those who were approved, and nobody else; every grant has its own end, and its
end one audit event; and nothing was sent before a Retry-After was over. \`./test\` does this with 60 people in 6 groups,
\`./test --full\` with 400 in 20.
`;

export function faultPage(columns) {
  const rows = new Map();
  after(() => {
    const lines = [...rows].map(([name, cells]) => `| ${name} | ${columns.map((column) => cells.get(column) ?? '—').join(' | ')} |`);
    const text = `${head}\n| on the way | ${columns.join(' | ')} |\n|---|${columns.map(() => '---|').join('')}\n${lines.join('\n')}\n`;
    if (process.env.AICLEARANCE_WRITE_PAGES === '1') writeFileSync(page, text);
    else assert.equal(readFileSync(page, 'utf8'), text, 'docs/fault-matrix.md is stale: AICLEARANCE_WRITE_PAGES=1 writes what the test saw');
  });
  return {
    note(name, column, verdict) {
      if (!rows.has(name)) rows.set(name, new Map());
      rows.get(name).set(column, verdict);
    },
  };
}
