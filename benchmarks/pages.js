// docs/performance.md, but for its table: how to read it, and what bounds each row.
export const bounds = `## What bounds each row

- **Idle memory**: the libraries. Ours on top of them is stacks of threads that have run once, the page cache of SQLite's
  connections, and the locked page of the keys.
- **Start to ready**: the process start, opening the database (migrations are compared by checksum), deriving and reading the
  audit key, and the threads; the poll itself is about a millisecond coarse.
- **Webhooks acknowledged**: the disk's flush. Each is on disk before its 202, and all that wait together share one commit: as
  many as there are threads for quick calls (32). The load generator, the sandbox and the intake jobs that the webhooks start run on
  the same two cores in the same seconds; nothing is switched off for the figure.
- **Approval webhook → Graph write**: round trips that follow one another: the issue, its changes and its approvals from Jira; then
  the account's address, the search for the user (one \`$batch\`), the group's flags and a look whether the user is a member already.
  What is over 1.00× is commits and the hand-over between jobs. The three questions to Jira are asked one after
  another, so that each is as new as the one before or newer. Asking the group beside the user would save one round trip.
  The row counts the trips that were made: a needless one would not raise its ratio, so the number of trips is printed beside it.
- **Many adds at once, wall time**: round trips that follow one another within a run of 400 jobs, of which two are under way at a
  time. The baseline programs are given each user's object id and write; the engine asks about every user (still there? enabled?),
  reads every group's flags, and looks into every group before and after. What is in flight how long stands in the row of the calls;
  the writes alone stand in a row of their own. Those of the SDK's rows that send one call at a time are measured on a part and
  multiplied: each call is as long as the first.
- **Many adds at once, HTTP calls**: users go twenty to a \`$batch\`; looks go twenty groups to a \`$batch\`, once before the first
  write and once after it; a write call holds 400 links, where a run has 400 jobs in whole blocks of twenty. A run that begins
  while another has the groups' leases gets fewer, which is what is over the bound.
- **Writes counted against the quota**: one for each PATCH of up to twenty links, where a PATCH counts as one; a link counts as one
  where the tenant counts so, and then all ways of writing cost the same.
- **Engine on a null store**: reading JSON. Libcurl alone sends and receives the same bytes and throws the answers away; the engine
  parses each, checks it, and wipes what it frees. With the durable store, each membership is besides claimed, intended, settled, told to the audit chain and
  signed, on disk.
- **Throttled tenant**: the window of 150 s. Our own count slides and is kept a second longer, the tenant's begins with the first
  write, so a part of each window passes unused; a part is kept for single approvals. With a PATCH that counts as one the quota is
  60,000 links in 150 s, and the latency of a call bounds what can be sent. After a refusal the whole app waits until the tenant's
  window is over, and so does a single approval: its row is only as good as the price of a link was learned. Simulated time: the
  figures are counts, the same on any machine.
- **A million members listed**: one page after another, each of which names the next. A page is in memory once as bytes and once
  as JSON; who is looked for is found by a binary search.
- **Not measured yet**: list pages of the API over a million grants, and the comparison of all of a group's members with all grants.
`;

export function pageOf({ command, machine, busy, table }) {
  return `# Performance

Made by \`${command}\` (${machine}). Each figure stands beside a baseline that ran in the
same minute on the same machine: ratios travel, seconds do not. \`./bench --long\` adds 20,000 memberships at once and takes 1,000
approvals, which the targets speak of.

${busy ? `**${busy}**\n\n` : ''}${table}

${bounds}`;
}
