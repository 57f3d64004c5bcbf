// A tenant that allows 3,000 writes in 150 s, for ten simulated minutes (throttled_tenant.h). What it prints does not depend on
// the machine.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildFolder } from '../tests/system/world.js';

export function measureThrottled({ linkCost, minutes, latency }) {
  return JSON.parse(execFileSync(join(buildFolder, 'benchmarks', 'throttled'), [linkCost, minutes, latency].map(String), { encoding: 'utf8' }));
}
