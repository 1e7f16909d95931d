/**
 * Proof: two folders of the host are mounted in the cage and nothing else in it can be written.
 * The request, the container engine's word and what PID 1 saw must all say so.
 */
import type { CageView } from './cages.ts';
import { cageViews } from './cages.ts';
import type { Evidence } from './evidence.ts';
import { seenMounts } from './mounts-seen.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';
import { isWithoutHostRoot } from './procfs.ts';

const CLAIM: Claim = {
  id: 'cage_mounts',
  claim:
    'Each cage mounted exactly two folders of the host, /workspace and /artifacts, and nothing else in it could be written.',
  requirements: ['R8', 'P4'],
};

/** Where the two folders appear, in the order of the request. */
const TARGETS = ['/workspace', '/artifacts'] as const;

export function cageMounts(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const document = take(evidence.cage, 'cage', findings);
  const views = document === undefined ? [] : cageViews(document, findings);
  for (const view of views) findings.push(...mountFindings(view));
  findings.push(...ownFolders(evidence, views), ...sharedFolders(views));
  const rests = views.flatMap(({ at }) => [
    place('cage', `${at}/requested/HostConfig/Binds`),
    place('cage', `${at}/inspect_created/Mounts`),
    place('cage', `${at}/inspect_exited/Mounts`),
    place('cage', `${at}/seen/mountinfo`),
  ]);
  return conclude(evidence, CLAIM, {
    findings,
    rests: rests.length === 0 ? [place('cage')] : rests,
    holds: `${views.length} cages: the request, docker inspect before and after, and mountinfo inside agree on two binds; every other mount is read-only or the kernel's own`,
  });
}

/** What is wrong with one cage's mounts. Pure; also used before the engine is let in. */
export function mountFindings(view: CageView): Finding[] {
  const sources = requestedSources(view);
  if (typeof sources === 'string') return [mismatch(view, 'requested/HostConfig/Binds', sources)];
  const findings = [...extraMounts(view), ...inspected(view, 'inspect_created', sources)];
  if (view.exited !== null) findings.push(...inspected(view, 'inspect_exited', sources));
  if (view.seen !== null) {
    const { mountinfo, uid_map: map } = view.seen;
    const cage = { containerId: view.created.Id, isWithoutRoot: map !== undefined && isWithoutHostRoot(map) };
    const problems = seenMounts(mountinfo, cage, sources);
    findings.push(...problems.map((problem) => mismatch(view, 'seen/mountinfo', problem)));
  }
  return findings;
}

/** The host folder behind each target as requested, or what is wrong with the request. */
export function requestedSources(
  view: Pick<CageView, 'requested'>,
): Record<(typeof TARGETS)[number], string> | string {
  const binds = view.requested.HostConfig.Binds;
  const parsed = binds.map((bind) => /^(\/[^:]*):(\/[^:]*):rw,rprivate$/.exec(bind));
  const [first, second] = parsed;
  if (binds.length !== 2 || !first || !second)
    return `two binds were promised, ${JSON.stringify(binds)} was asked for`;
  if (first[2] !== TARGETS[0] || second[2] !== TARGETS[1])
    return `the binds go to ${first[2]} and ${second[2]}`;
  return { '/workspace': first[1] ?? '', '/artifacts': second[1] ?? '' };
}

/** Other ways to mount something, in the request and in the engine's word. */
function extraMounts(view: CageView): Finding[] {
  const { requested, created, exited } = view;
  const parts = [
    ['requested', requested.HostConfig, requested.Volumes],
    ['inspect_created', created.HostConfig, created.Config.Volumes],
    ...(exited === null ? [] : [['inspect_exited', exited.HostConfig, exited.Config.Volumes] as const]),
  ] as const;
  return parts.flatMap(([where, host, volumes]) => {
    const more = { Mounts: host.Mounts, Tmpfs: host.Tmpfs, VolumesFrom: host.VolumesFrom, Volumes: volumes };
    return Object.entries(more)
      .filter(([, value]) => value != null && Object.keys(value).length > 0)
      .map(([key, value]) => mismatch(view, where, `${key} asks for more mounts: ${JSON.stringify(value)}`));
  });
}

function inspected(
  view: CageView,
  key: 'inspect_created' | 'inspect_exited',
  sources: Record<string, string>,
): Finding[] {
  const inspect = key === 'inspect_created' ? view.created : view.exited;
  if (inspect === null) return [];
  const problems: string[] = [];
  const binds = view.requested.HostConfig.Binds;
  if (JSON.stringify(inspect.HostConfig.Binds) !== JSON.stringify(binds)) {
    problems.push(
      `the engine has binds ${JSON.stringify(inspect.HostConfig.Binds)} where ${JSON.stringify(binds)} was asked for`,
    );
  }
  if (inspect.HostConfig.ReadonlyRootfs !== true) problems.push('the root file system is not read-only');
  if (inspect.Mounts.length !== TARGETS.length) problems.push(`${inspect.Mounts.length} mounts instead of 2`);
  for (const target of TARGETS) {
    const mounts = inspect.Mounts.filter((mount) => mount.Destination === target);
    const [mount] = mounts;
    const sound =
      mounts.length === 1 &&
      mount?.Type === 'bind' &&
      mount.Source === sources[target] &&
      mount.RW === true &&
      mount.Propagation === 'rprivate';
    if (!sound)
      problems.push(`${target} is ${JSON.stringify(mounts)}, not a private bind of ${sources[target]}`);
  }
  return problems.map((problem) => mismatch(view, key, problem));
}

/** The engine's cage has the run's own two folders. */
function ownFolders(evidence: Evidence, views: CageView[]): Finding[] {
  const engine = views.find((view) => view.role === 'engine');
  const sources = engine === undefined ? '' : requestedSources(engine);
  if (engine === undefined || typeof sources === 'string') return [];
  const { binds } = evidence.run;
  if (sources['/workspace'] === binds.workspace && sources['/artifacts'] === binds.artifacts) return [];
  return [mismatch(engine, 'requested/HostConfig/Binds', 'the folders are not those of this run')];
}

/** Two cages that share a writable folder can reach each other through it. */
function sharedFolders(views: CageView[]): Finding[] {
  const owners = new Map<string, CageView>();
  return views.flatMap((view) => {
    const sources = requestedSources(view);
    if (typeof sources === 'string') return [];
    return Object.values(sources).flatMap((source) => {
      const other = owners.get(source);
      owners.set(source, view);
      return other === undefined
        ? []
        : [mismatch(view, 'requested/HostConfig/Binds', `${source} is mounted twice`)];
    });
  });
}

function mismatch(view: CageView, at: string, message: string): Finding {
  return {
    code: 'cage_mismatch',
    message: `${view.role}: ${message}`,
    place: place('cage', `${view.at}/${at}`),
  };
}
