/**
 * Hosts with networks and container engines of their own, while a batch goes on: a worker killed, one cut off, an engine
 * restarted, over and over. PROOFBOX_FLEET_RUNS=200 makes a large batch of it, PROOFBOX_FLEET_HOSTS more hosts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import PQueue from 'p-queue';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readPublicKey } from '../../src/attest/keys.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import type { BatchRun } from '../../src/schema/batch.ts';
import { ledgerIn, proofbox } from '../integration/product.ts';
import { Host, Switch } from './host.ts';
import { type SecureServer, secureServer } from './secure-server.ts';
import { Site, type Worker } from './site.ts';

// Real runs, hundreds where somebody asks for them.
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 600_000 });

const RUNS = Number(process.env.PROOFBOX_FLEET_RUNS ?? 20);
const HOSTS = Number(process.env.PROOFBOX_FLEET_HOSTS ?? 2);
/** Each holds all three: a worker killed, one cut off, an engine restarted. */
const ROUNDS = Math.max(1, Math.floor(RUNS / 50));

const FAKE = { id: 'fake', engine: 'fake' };
/** Long enough that the batch outlasts what is done to its hosts, however fast they are. */
const SLOW = { id: 'slow', engine: 'command', command: ['sleep', '4'] };

const site = new Site();
const wires = new Switch();
const hosts = Array.from({ length: HOSTS }, (_, n) => new Host(site, wires, `host-${n + 1}`, n + 1));
let server: SecureServer;

beforeAll(async () => {
  const { reference } = await sandboxImage(new Docker());
  wires.start();
  await Promise.all(hosts.map((host) => host.start(reference)));
  server = await secureServer(site, wires.address);
  // Silent for 3 s is lost: a worker that is cut off shall lose its run while the batch goes on.
  const init = await site.init(server.url, [
    '--ack-wait',
    '3s',
    '--max-deliver',
    '20',
    ...server.as('batch'),
  ]);
  expect(init.exitCode, init.stderr).toBe(0);
});
afterAll(async () => {
  await site.endAll();
  for (const host of hosts) await host.remove();
  wires.remove();
  await site.remove();
});

/** A host, and the worker that it has now. */
interface Member {
  host: Host;
  worker: Worker;
  keyid: string;
}

test('hosts are killed, cut off and restarted under a batch: every run counts once, and each bundle holds', async () => {
  const begin = async (host: Host) => await host.worker(server.url, server.as('worker'));
  const members: Member[] = [];
  for (const host of hosts) {
    const worker = await begin(host);
    members.push({ host, worker, keyid: (await readPublicKey(worker.pub)).keyid });
  }
  const manifest = site.manifest({
    fixtures: ['py-interval'],
    engines: [FAKE, SLOW],
    repeats: Math.ceil(RUNS / 2),
  });
  const asked = 2 * Math.ceil(RUNS / 2);
  const batch = site.batch(
    server.url,
    manifest,
    members.map(({ worker }) => worker.pub),
    server.as('batch'),
  );

  /** What is waited for must come while the batch goes on. */
  async function until<T>(what: string, found: () => T | undefined | false): Promise<T> {
    for (;;) {
      const one = found();
      if (one !== undefined && one !== false) return one;
      if (batch.child.exitCode !== null) throw new Error(`the batch was over before ${what}`);
      await sleep(50);
    }
  }
  const madeBy = ({ keyid }: Member) => batch.log().filter((line) => line.includes(keyid)).length;
  /** A run that the worker begins from now on. */
  async function nextRun({ worker, host }: Member, engine = ''): Promise<string> {
    const before = new Set(site.underWay(worker));
    const name = await until(`${host.name} began a run`, () =>
      site.underWay(worker).find((one) => !before.has(one) && one.includes(`.${engine}`)),
    );
    return name.split('.').slice(1, -1).join('.');
  }
  async function worksAgain(member: Member, before = madeBy(member)): Promise<void> {
    await until(`${member.host.name} made a run again`, () => madeBy(member) > before);
  }

  for (let round = 0; round < ROUNDS; round += 1) {
    await until('its next round', () => batch.log().length >= (asked / ROUNDS) * round);
    const [first, second] = [members[round % HOSTS], members[(round + 1) % HOSTS]] as [Member, Member];

    await nextRun(first);
    first.worker.child.kill('SIGKILL');
    await first.worker.over;
    expect((await first.host.gc(first.worker)).exitCode).toBe(0);
    first.worker = await begin(first.host);
    await worksAgain(first);

    const lost = await nextRun(second, 'slow');
    second.host.cut();
    // It was handed to another while the one that had it could say nothing.
    const line = await until(`another host made ${lost}`, () =>
      batch.log().find((one) => one.includes(`"${lost}"`)),
    );
    expect(line).not.toContain(second.keyid);
    second.host.mend();
    const before = madeBy(second);

    await nextRun(first);
    const said = first.worker.stderr().length;
    await first.host.daemon.kill();
    // A host that can make no cage must not fail the batch's runs one after the other: others shall have them.
    await until(`${first.host.name} gave a run back`, () =>
      first.worker.stderr().slice(said).includes('gave back'),
    );
    await first.host.daemon.start();
    await worksAgain(first);
    await worksAgain(second, before);
  }

  // Runs of `sleep` change nothing, and fail for it; no host's failure was taken for a run's.
  expect(await batch.over, batch.stderr()).toBe(1);
  const report = batch.report();
  expect(report).toMatchObject({ asked, runs: asked, not_run: 0, blocked: 0, interrupted: 0 });
  const lines = batch.log().map((line) => JSON.parse(line) as BatchRun);
  expect(lines.map(({ key }) => key).sort()).toEqual(report.all.map(({ key }) => key).sort());
  expect(new Set(lines.map(({ key }) => key)).size).toBe(asked);
  expect(new Set(lines.map(({ worker }) => worker))).toEqual(new Set(members.map(({ keyid }) => keyid)));
  // An engine that died took at most the one run with it that its worker had, and the run says so.
  const broken = report.all.filter(({ engine, status }) => engine === 'fake' && status !== 'passed');
  expect(broken.length).toBeLessThanOrEqual(ROUNDS);
  for (const { blockers } of broken) expect(blockers).toContain('recorder_lost');
  expect(existsSync(join(batch.out, 'refused.jsonl'))).toBe(false);

  const verifications = new PQueue({ concurrency: 2 });
  await verifications.addAll(
    report.all.map(({ key, worker }) => async () => {
      const { pub } = members.find(({ keyid }) => keyid === worker)?.worker ?? { pub: '' };
      const verified = await proofbox(['verify', join(batch.out, 'runs', key), '--key', pub]);
      expect(verified.exitCode, verified.stderr).toBe(0);
    }),
  );
  expect(await ledgerIn(join(batch.out, 'runs'))).toMatchObject({ exitCode: 0, runs: asked });

  for (const { host, worker } of members) {
    worker.child.kill('SIGTERM');
    expect(await worker.over, worker.stderr()).toBe(0);
    expect((await host.gc(worker)).exitCode).toBe(0);
    expect(await host.daemon.docker.listContainers({ all: true })).toEqual([]);
  }
  const status = await site.status(server.url, server.as('batch'));
  expect(status.queues).toEqual([]);
  expect(status.stored.queue_bytes).toBe(0);
  // Markers alone: no bundle, of a run that was made twice either.
  expect(status.stored.bundles_bytes).toBeLessThan((asked + 2 * ROUNDS) * 1024);
  expect(status.dead_letters_total).toBe(0);
  if (process.env.PROOFBOX_FLEET_RUNS !== undefined)
    console.log(
      JSON.stringify({
        asked,
        hosts: HOSTS,
        rounds: ROUNDS,
        made: Object.fromEntries(members.map((member) => [member.host.name, madeBy(member)])),
        passed: report.passed,
        broken: broken.map(({ key }) => key),
        stored: status.stored,
      }),
    );
});
