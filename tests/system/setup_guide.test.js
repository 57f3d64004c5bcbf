// The setup guide says what the admin sees. So every line that it shows is a line that the command line printed just now, and
// every command that any page names exists with every option that the page gives it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Story } from './story.js';
import { World } from './world.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const textOf = (page) => readFileSync(join(root, page), 'utf8');

let world;
let story;
before(async () => {
  world = await World.start();
  story = new Story(world);
});
after(() => world?.stop());

// Ids, times and numbers are the reader's own, and so is the width of a column.
const plain = (line) => line.trim()
  .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
  .replace(/\d{4}-\d\d-\d\d(T[\d:]+Z)?/g, 'WHEN')
  .replace(/\b\d+ (ms|events|signed)/g, 'N $1')
  .replace(/\bAIC-\d+/g, 'AIC-N')
  .replace(/aic_\S+/g, 'aic_…')
  .replace(/\s+/g, ' ');

// The boxes of the guide without a language: what stands after "$ " (and goes on after "\") is typed, the rest is seen.
function shownLines(text) {
  const boxes = [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].filter((match) => !match[1]).map((match) => match[2].split('\n'));
  return boxes.flatMap((lines) => lines.filter((line, at) => line.trim() && !/^\s*\$ /.test(line) && !/\\$/.test(lines[at - 1] ?? '')));
}

async function playTheGuide() {
  const seen = [];
  const cli = async (args, input) => {
    const { stdout, stderr } = await world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin }, input });
    seen.push(...`${stdout}\n${stderr}`.split('\n').map(plain));
    return stdout;
  };
  const { accounts, tenantId, clientId, clientSecret, testGroupId } = world.seed;
  await cli(['check-config', '--config', world.configFile]);
  await cli(['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', 'me']);
  const unlinked = await world.token('admin');
  seen.push(...(await world.cli(['me', 'show'], { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: unlinked } })).stdout.split('\n').map(plain));
  const faulty = join(world.folder, 'aiclearance.conf.faulty');
  writeFileSync(faulty, '\n\n\n\n\n\n\n[store]\nurl = mysql://x\n');
  seen.push(...(await world.cli(['check-config', '--config', faulty])).stderr.split('\n').map(plain));
  const create = (id, secret) => cli(['connector', 'create', '--id', id, '--name', 'Entra production', '--group-mode', 'bind', '--tenant-id', tenantId, '--client-id', clientId, '--secret-file', '-'], secret);
  await create('entra-prod', clientSecret);
  await create('entra-wrong', 'not the secret');
  await cli(['connector', 'test', 'entra-prod']);
  await cli(['connector', 'test', 'entra-wrong']);
  await cli(['connector', 'list']);
  await cli(['settings', 'update', '--projects', 'AIC', '--request-types', '25', '--tool-field', 'customfield_10050', '--purpose-field', 'customfield_10051', '--duration-field', 'customfield_10052', '--approval', 'jsm', '--revoked-statuses', 'Access removed']);
  await cli(['connector', 'groups', 'entra-prod', '--search', 'AI Clear']);
  await cli(['tool', 'create', '--id', 'test-tool', '--name', 'Test Tool', '--vendor', 'Contoso', '--risk', 'low', '--default-days', '30', '--max-days', '90', '--requestable', 'yes', '--connector', 'entra-prod']);
  await cli(['tool', 'bind', 'test-tool', '--group', testGroupId]);
  await cli(['tool', 'bind', 'test-tool', '--group', '90000000-0000-4000-8000-000000000006']);
  for (const who of ['ada', 'ida']) await cli(['mapping', 'resolve', '--connector', 'entra-prod', '--account', accounts[who]]);
  const issue = await story.file('ada');
  await story.requestIs(issue, 'pending');
  await cli(['request', 'list', '--issue', issue]);
  await story.approve(issue);
  const grant = await story.grantIs(issue, 'active');
  await cli(['grant', 'list', '--issue', issue]);
  await cli(['grant', 'revoke', grant.grantId]);
  await story.grantIs(issue, 'revoked');
  await cli(['grant', 'show', grant.grantId]);
  await cli(['audit', 'verify', '--config', world.configFile]);
  return seen;
}

describe('the pages say what is', () => {
  test('whoever follows the setup guide sees what it shows', async () => {
    const seen = await playTheGuide();
    const lines = shownLines(textOf('docs/setup.md')).map(plain);
    assert.ok(lines.length > 60, `${lines.length} lines are shown`);
    for (const line of lines) {
      const found = line.endsWith('…') && !line.startsWith('aic_') ? seen.some((one) => one.startsWith(line.slice(0, -1).trim())) : seen.includes(line);
      assert.ok(found, `nobody sees: ${line}\nwhat was seen:\n${seen.join('\n')}`);
    }
  });

  test('each command that a page names exists, with each of its options', async () => {
    let count = 0;
    for (const page of pages) {
      for (const [, words] of textOf(page).replace(/\\\n\s*/g, '').matchAll(/(?<![\w/.-])aiclearance((?: +[a-z][a-z-]*){1,2}[^`\n|;#$]*)/g)) {
        const [noun, verb] = words.trim().split(/\s+/);
        const options = words.match(/(?<=\s)--[a-z-]+/g) ?? [];
        const alone = ['serve', 'check-config'].includes(noun);
        if (!options.length && !/^[a-z-]+$/.test(verb ?? '')) continue;
        const { code, stdout } = await world.cli([noun, ...(alone ? [] : [verb]), '--help']);
        assert.equal(code, 0, `${page}: aiclearance${words}`);
        for (const option of options) assert.ok(stdout.includes(`${option} `), `${page}: aiclearance${words}: ${option}`);
        count += 1;
      }
    }
    assert.ok(count > 20, `${count} commands`);
  });
});
