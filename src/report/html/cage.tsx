/** The cage as a picture: what of the host reached the engine, and what was cut off. */
import type { ProofId, Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { surroundings } from '../summary.ts';
import { visible } from '../untrusted.ts';
import { Section } from './text.tsx';

/** `open`: may be written; `read`: may be read; `cut`: is not there; `unproven`: nobody can say. */
type State = 'open' | 'read' | 'cut' | 'unproven';

interface Row {
  host: string;
  state: State;
  inside: string;
}

const ROW = 34;
const TOP = 44;
const SIGN: Record<State, string> = { open: '⇄', read: '→', cut: '✕', unproven: '?' };
const WORD: Record<State, string> = {
  open: 'may be written',
  read: 'may be read only',
  cut: 'is cut off',
  unproven: 'is not proven to be cut off',
};

export function Cage({ report, page }: { report: Report; page: Page }) {
  if (report.cage.container_id === null)
    return (
      <Section id="cage" title="The cage">
        <p>No container was made: nothing of the engine ran anywhere.</p>
      </Section>
    );
  const rows = rowsOf(report, page);
  const height = TOP + rows.length * ROW + 14;
  const { versions, confinement } = report.cage;
  return (
    <Section id="cage" title="The cage">
      <div class="drawing">
        <svg
          class="cage"
          viewBox={`0 0 1000 ${height}`}
          role="img"
          aria-label="What of the host reached the engine"
        >
          <rect class="host" x="1" y="1" width="998" height={height - 2} rx="8" />
          <rect class="inside" x="560" y="14" width="426" height={height - 28} rx="8" />
          <text class="heading" x="20" y="32">
            the host
          </text>
          <text class="heading" x="580" y="36">
            the cage
          </text>
          {rows.map(({ host, state, inside }, index) => {
            const y = TOP + index * ROW + 18;
            return (
              <g class={state}>
                <title>{`${host}: ${WORD[state]}`}</title>
                <text x="20" y={y + 5}>
                  {shorten(host, 44)}
                </text>
                <line x1="400" y1={y} x2={state === 'cut' || state === 'unproven' ? 545 : 572} y2={y} />
                <circle cx="480" cy={y} r="11" />
                <text class="sign" x="480" y={y + 5}>
                  {SIGN[state]}
                </text>
                <text x="580" y={y + 5}>
                  {shorten(inside, 44)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      <p>
        <small>
          ⇄ may be written, → may be read, ✕ cut off, ? not proven. Docker {versions.engine}, containerd{' '}
          {versions.containerd ?? 'unknown'}, runc {versions.runc ?? 'unknown'}, kernel {versions.kernel},
          container {report.cage.container_id?.slice(0, 12) ?? 'none'}.
          {confinement === undefined ? '' : ` Around it: ${visible(surroundings(confinement))}.`}
        </small>
      </p>
    </Section>
  );
}

function rowsOf({ cage, proofs, image }: Report, page: Page): Row[] {
  const isProven = (id: ProofId) => proofs.some((proof) => proof.id === id && proof.status === 'passed');
  const [mounts, privileges, nothingShown] = [
    isProven('cage_mounts'),
    isProven('cage_privileges'),
    isProven('no_target_inspection'),
  ];
  const cut = (proven: boolean): State => (proven ? 'cut' : 'unproven');
  return [
    ...cage.binds.map(
      (bind): Row => ({ host: `the run's own ${bind.slice(1)}/`, state: 'open', inside: bind }),
    ),
    {
      host: `image ${image.reference}`,
      state: mounts && cage.read_only_root ? 'read' : 'unproven',
      inside: cage.read_only_root ? '/ read-only' : '/ not read-only',
    },
    { host: 'all other files, the Docker socket', state: cut(mounts), inside: 'not mounted' },
    {
      host: 'network',
      state: cut(privileges && cage.network === 'none'),
      inside: `network ${cage.network}, loopback alone`,
    },
    { host: 'processes, users, shared memory', state: cut(privileges), inside: 'namespaces of its own' },
    {
      host: 'privileges',
      state: cut(privileges),
      inside: `user ${cage.user}, ${capabilities(cage.capabilities)}`,
    },
    {
      host: 'dangerous system calls',
      state: cut(privileges && cage.no_new_privileges),
      inside: `seccomp ${cage.seccomp}, no new privileges`,
    },
    ...page.forbidden.map(
      ({ kind, path }): Row => ({
        host: `forbidden: ${visible(path)}`,
        state: cut(mounts && nothingShown),
        inside: kind.replaceAll('_', ' '),
      }),
    ),
  ];
}

function capabilities(mask: string): string {
  return /^0+$/.test(mask) ? 'no capability' : `capabilities ${mask}`;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
