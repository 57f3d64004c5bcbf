// A group of many members, read to its end: by the connector that looks for people in it, and by libcurl and jansson alone.
import { fillTenant, program, sandboxOnly } from './engine.js';
import { groupOf } from '../tests/system/bulk.js';

export async function measureList({ members, people }) {
  const world = await sandboxOnly();
  try {
    await fillTenant(world, 1, 1);
    await world.control('PUT', '/state?quiet=1', { membership: { groupId: groupOf(0), fill: members } });
    const ours = await program(world, 'list_walk', [members, people]);
    const bare = await program(world, 'bare_list', []);
    if (bare.members !== members) throw new Error(`the list has ${bare.members} members, not ${members}`);
    if (ours.found !== Math.floor(people / 2)) throw new Error(`${ours.found} of ${people} were found`);
    return { ours, bare };
  } finally {
    await world.stop();
  }
}
