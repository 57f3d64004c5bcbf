// ./bench --instructions: how many instructions the hot paths need, counted by callgrind, beside what is on record in
// instructions.txt: a regression is seen without a clock, on a machine however busy. What is counted is a run that goes the
// path once more than another (the start of the program, and what a path prepares, cancel out), or one function.
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildFolder } from '../tests/system/world.js';

const execute = promisify(execFile);
const record = fileURLToPath(new URL('instructions.txt', import.meta.url));
const program = join(buildFolder, 'benchmarks', 'hot_paths');
const tolerance = Number(/^--tolerance=(\d+)$/m.exec(process.argv.slice(2).join('\n'))?.[1] ?? 5);
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'aiclearance-hot-')); // the disk is not what is measured
const prepared = join(folder, 'prepared.db');

async function collected(path, rounds, options = []) {
  const database = join(folder, `${path}-${rounds}.db`);
  if (path.startsWith('store')) copyFileSync(prepared, database);
  const callgrind = ['--tool=callgrind', '--callgrind-out-file=/dev/null', ...options];
  const { stderr } = await execute('valgrind', [...callgrind, program, path, String(rounds), database]);
  return Number(/Collected : (\d+)/.exec(stderr)[1]);
}

// `alone`: the function that is counted by itself, where what comes before is of another length each time.
async function count(path, alone) {
  if (alone) return collected(path, 1, [`--toggle-collect=${alone}`]);
  const first = path.startsWith('store') ? 0 : 1; // a first time is dear in the libraries; in the store's path it is nothing
  const [less, more] = await Promise.all([collected(path, first), collected(path, first + 1)]);
  return more - less;
}

const said = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
const version = (name) => said('dpkg-query', ['-W', '-f', '${Package} ${Version}', name]);

function platform() {
  const debian = existsSync('/etc/debian_version') ? readFileSync('/etc/debian_version', 'utf8').trim() : 'none';
  const libraries = ['libc6', 'libjansson4', 'libsqlite3-0', 'libssl3', 'valgrind'].map((name) => version(name));
  // glibc and OpenSSL choose their functions by what the processor can.
  const wide = /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'with' : 'without';
  return `${process.arch} ${wide} AVX2; Debian ${debian.split('.')[0]}; gcc ${said('gcc', ['-dumpfullversion'])}; ${libraries.join('; ')}`;
}

// name -> instructions; and on what they were counted.
function recorded() {
  if (!existsSync(record)) return { counts: {}, on: '' };
  const lines = readFileSync(record, 'utf8').split('\n');
  const counts = Object.fromEntries(lines.filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t').slice(0, 2)));
  return { counts, on: lines.find((line) => line.startsWith('# on: '))?.slice(6) ?? '' };
}

function compare(name, instructions, before) {
  if (!before) return `${name}: ${instructions} instructions, none on record`;
  const grown = (100 * (instructions - before)) / before;
  const sentence = `${name}: ${instructions} instructions, ${before} on record (${grown >= 0 ? '+' : ''}${grown.toFixed(1)}%)`;
  if (grown <= tolerance) return sentence;
  process.exitCode = 1;
  return `${sentence}: more than ${tolerance}% over it`;
}

// Every path; the lines of the record.
async function countAll(counts) {
  const paths = said(program, ['--list']).split('\n').map((line) => line.split('\t'));
  const lines = [];
  for (const [name, alone, what] of paths) {
    const instructions = await count(name, alone);
    lines.push(`${name}\t${instructions}\t${what}`);
    console.log(compare(name, instructions, counts[name]));
  }
  return lines;
}

const head = '# Instructions of the hot paths, as callgrind counts them: made by ./bench --instructions --write, compared by\n# ./bench --instructions.\n';
const write = process.argv.includes('--write');
const { counts, on } = recorded();
try {
  if (!write && on !== platform()) {
    console.log(`SKIP: counts of another platform say nothing.\nThe record was made on: ${on}\nThis is:                ${platform()}`);
  } else {
    execFileSync(program, ['--prepare', '1', prepared]);
    const lines = await countAll(counts);
    if (write) {
      process.exitCode = 0;
      writeFileSync(record, `${head}# on: ${platform()}\n${lines.join('\n')}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
