import type Docker from 'dockerode';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectDocker } from '../../src/docker/connect.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { findLeftovers, removeLeftovers } from '../../src/docker/leftovers.ts';
import { hostId, ownerLabels, processStart } from '../../src/lane/identity.ts';

let docker: Docker;
let image: string;
const made: string[] = [];
const check = { hostId: hostId(), processStart };

beforeAll(async () => {
  docker = (await connectDocker()).docker;
  image = (await sandboxImage(docker)).reference;
});

afterEach(async () => {
  for (const id of made.splice(0))
    await docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
});

/** A container that was created and is never started. */
async function create(labels: Record<string, string>): Promise<string> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['/bin/false'],
    NetworkDisabled: true,
    Labels: labels,
  });
  made.push(container.id);
  return container.id;
}

async function exists(id: string): Promise<boolean> {
  return docker
    .getContainer(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Ids among ours that count as left behind. */
async function found(): Promise<string[]> {
  return (await findLeftovers(docker, check))
    .map(({ container }) => container)
    .filter((id) => made.includes(id));
}

describe('what a killed run left behind', () => {
  test('a container whose owner is gone is found and removed, with its run named', async () => {
    const id = await create({ ...ownerLabels('gone', 'engine'), 'io.proofbox.owner-pid': '4194304' });
    const left = (await findLeftovers(docker, check)).filter(({ container }) => container === id);
    expect(left).toMatchObject([{ container: id, run: 'gone', owner_pid: 4194304 }]);
    await removeLeftovers(docker, left);
    expect(await exists(id)).toBe(false);
    await removeLeftovers(docker, left);
  });

  test("several that clean up at the same moment do not get in each other's way", async () => {
    const dead = { ...ownerLabels('gone', 'engine'), 'io.proofbox.owner-pid': '4194304' };
    const ids = await Promise.all([1, 2, 3, 4].map(() => create(dead)));
    const left = (await findLeftovers(docker, check)).filter(({ container }) => ids.includes(container));
    expect(left).toHaveLength(4);
    await Promise.all([1, 2, 3, 4].map(() => removeLeftovers(docker, left)));
    for (const id of ids) expect(await exists(id)).toBe(false);
  });

  test("a number that was given to another process does not keep the dead owner's container", async () => {
    const id = await create({ ...ownerLabels('reused', 'engine'), 'io.proofbox.owner-start': '1' });
    expect(await found()).toEqual([id]);
  });

  test('a living owner keeps its container', async () => {
    await create(ownerLabels('alive', 'engine'));
    expect(await found()).toEqual([]);
  });

  test('an owner in another process namespace cannot be judged and keeps its container', async () => {
    const host = `${hostId().split('/')[0]}/pid:[1]`;
    await create({
      ...ownerLabels('elsewhere', 'engine'),
      'io.proofbox.host': host,
      'io.proofbox.owner-pid': '4194304',
    });
    expect(await found()).toEqual([]);
  });

  test('what an earlier boot of this host left is found', async () => {
    const id = await create({
      ...ownerLabels('earlier', 'engine'),
      'io.proofbox.host': 'another-boot/pid:[1]',
    });
    expect(await found()).toEqual([id]);
  });

  test("another program's container is never touched", async () => {
    await create({ 'com.example.run': 'x', 'io.proofbox.owner-pid': '4194304' });
    expect(await found()).toEqual([]);
  });
});
