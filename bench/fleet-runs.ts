/**
 * Real runs of a fleet of hosts, each with a network, a container engine and a share of this machine's processors of its own:
 * all together against each alone, and how fast one batch verifies. Prints figures; docs/fleet.md quotes them. Needs root,
 * Docker, the sandbox image, nats-server and cgroup v1. `npm run bench:fleet-runs -- [RUNS_A_HOST] [HOSTS] [PROCESSORS_A_HOST]`.
 */

import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import Docker from 'dockerode';
import { sandboxImage } from '../src/docker/images.ts';
import { Host, Switch } from '../tests/fleet/host.ts';
import { type SecureServer, secureServer } from '../tests/fleet/secure-server.ts';
import { Share } from '../tests/fleet/share.ts';
import { MAIN, Site, type Worker } from '../tests/fleet/site.ts';

const [runs = 40, count = 2, processors = 0.5] = process.argv.slice(2).map(Number);

const site = new Site();
const wires = new Switch();
const hosts = Array.from({ length: count }, (_, n) => {
  const name = `host-${n + 1}`;
  return new Host(site, wires, name, n + 1, new Share(`proofbox-bench-${process.pid}-${n + 1}`, processors));
});

async function main(): Promise<void> {
  try {
    const { reference } = await sandboxImage(new Docker());
    wires.start();
    for (const host of hosts) await host.start(reference);
    await measure(await secureServer(site, wires.address));
  } finally {
    await site.endAll();
    for (const host of hosts) await host.remove();
    wires.remove();
    await site.remove();
  }
}

async function measure(server: SecureServer): Promise<void> {
  console.log(
    `${count} hosts, each with its own network and Docker and ${processors} of ${cpus().length} processors; server and batch have the rest`,
  );
  const alone: number[] = [];
  for (const host of hosts) {
    const worker = await host.worker(server.url, server.as('worker'));
    const { perSecond } = await batch(server, [worker], runs);
    alone.push(perSecond);
    console.log(`${host.name} alone: ${perSecond.toFixed(3)} runs a second, ${runs} runs`);
    await stop(worker);
  }
  const again = await Promise.all(hosts.map((host) => host.worker(server.url, server.as('worker'))));
  const all = await batch(server, again, runs * count, ['--keep-bundles']);
  const sum = alone.reduce((a, b) => a + b, 0);
  console.log(
    `all together: ${all.perSecond.toFixed(3)} runs a second, ${runs * count} runs: ${(all.perSecond / sum).toFixed(2)} of the sum of each alone`,
  );
  // The same bundles again, in another folder: nothing but fetching, verifying and counting is left to do.
  const joined = await batch(server, again, runs * count, ['--join', all.id, '--keep-bundles']);
  console.log(
    `one batch fetches, verifies and counts ${joined.perSecond.toFixed(1)} runs a second, with ${(joined.processorSeconds / (runs * count)).toFixed(2)} processor seconds a run`,
  );
  for (const worker of again) await stop(worker);
}

async function stop(worker: Worker): Promise<void> {
  worker.child.kill('SIGTERM');
  if ((await worker.over) !== 0) throw new Error(`${worker.name} did not end well:\n${worker.stderr()}`);
}

interface Measured {
  /** from the first run that was counted to the last: neither starting nor the first run's own time is in it */
  perSecond: number;
  /** of the batch, with its start */
  processorSeconds: number;
  id: string;
}

async function batch(
  server: SecureServer,
  workers: Worker[],
  asked: number,
  more: string[] = [],
): Promise<Measured> {
  const manifest = site.manifest({
    fixtures: ['py-interval'],
    engines: [{ id: 'fake', engine: 'fake', limits: { cpus: processors } }],
    repeats: asked,
  });
  const admitted = workers.flatMap(({ pub }) => ['--admit-worker', pub]);
  const out = `${manifest}.out`;
  const words = ['batch', manifest, '--nats', server.url, '--out', out, ...server.as('batch'), ...admitted];
  const timed = ['sh', '-c', 'node "$@"; code=$?; times >&2; exit $code', 'sh', MAIN];
  const one = site.start([...words, ...more], site.dir, { main: timed });
  const counted: number[] = [];
  createInterface({ input: one.child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    if (/^ *\d+\/\d+ {2}/.test(line)) counted.push(performance.now());
  });
  const code = await one.over;
  const said = one.stderr();
  if (code !== 0 || counted.length !== asked) throw new Error(`no batch to measure:\n${said}`);
  const used = [...(said.trimEnd().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return {
    perSecond: (asked - 1) / (((counted.at(-1) ?? 0) - (counted[0] ?? 0)) / 1000),
    // The second line of `times`: user and system time of what the shell has started.
    processorSeconds: used.reduce((all, [, m, s]) => all + Number(m) * 60 + Number(s), 0),
    id: /batch ([0-9a-f]{32}):/.exec(said)?.[1] ?? '',
  };
}

await main();
