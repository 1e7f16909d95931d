/**
 * Copies of the product from which defences are taken away, one by one, by editing their text. The product itself has no
 * switch for any of them.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { sandboxReference } from '../../../src/docker/inputs.ts';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';
import type { Defence, Edit } from './table.ts';
import { toolchain } from './toolchain.ts';

/** Where the recorders without one of their defences lie in the image. */
const RECORDERS = '/opt/recorders';
/** A cage that is not as promised starts no engine; to see what the defence itself stops, that comes off first. */
const NO_ADMISSION: Edit = {
  file: 'dist/lane/admission.js',
  from: 'if (context.withoutAdmission)',
  to: 'if (true)',
};

/** A folder with what every copy shares, and the image that all their cages use. */
export class Mutants {
  readonly #folder: string;
  #reference = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Compiles a recorder for each set of edits and makes one image with all of them. */
  async build(architecture: string, sets: readonly Defence[][]): Promise<void> {
    for (const name of ['images', 'fixtures', 'Dockerfile.sandbox', 'package.json'])
      cpSync(join(PACKAGE_ROOT, name), join(this.#folder, name), { recursive: true });
    // Another recipe is another image; no other run of these tests makes the same.
    const recipe = join(this.#folder, 'Dockerfile.sandbox');
    writeFileSync(recipe, `${readFileSync(recipe, 'utf8')}# ${this.#folder}\n`);
    this.#reference = await sandboxReference(this.#folder, architecture);
    const context = join(this.#folder, 'recorders');
    cpSync(join(PACKAGE_ROOT, 'images/recorder'), join(context, 'base'), { recursive: true });
    mkdirSync(join(context, 'changed'));
    for (const set of sets) {
      const edits = set.flatMap(({ edits: own }) => own).filter(({ file }) => isRecorder(file));
      if (edits.length === 0) continue;
      const target = join(context, 'changed', nameOf(set));
      mkdirSync(target);
      const texts = edited(PACKAGE_ROOT, edits);
      for (const [file, text] of texts)
        writeFileSync(join(target, file.slice('images/recorder/'.length)), text);
    }
    const { base, lines } = toolchain(context);
    const ours = await sandboxReference(PACKAGE_ROOT, architecture);
    writeFileSync(
      join(context, 'Dockerfile'),
      [
        ...lines,
        'COPY base /base',
        // What is left of a defence may be a function that nobody calls.
        "RUN sed -i 's/-Werror//' /base/Makefile && make -C /base clean all",
        'COPY changed /changed',
        `RUN cd /changed && ls | xargs -P 4 -I{} sh -c 'mkdir -p ${RECORDERS}/{} && cp -a /base /work-{} && touch {}/* && cp -a {}/* /work-{}/ && make -s -C /work-{} && mv /work-{}/proofbox-recorder ${RECORDERS}/{}/ && rm -r /work-{}'`,
        `FROM ${ours}`,
        `COPY --from=recorder-build ${RECORDERS} ${RECORDERS}`,
        '',
      ].join('\n'),
    );
    const args = ['build', '-q', '--force-rm', '-t', this.#reference, '--build-arg', `BASE=${base}`, context];
    await execa('docker', args, { env: { DOCKER_BUILDKIT: '0' } });
  }

  /** The program of a copy without these defences. */
  make(set: readonly Defence[]): string {
    const root = join(this.#folder, 'copies', nameOf(set));
    const main = join(root, 'dist/cli/main.js');
    if (existsSync(main)) return main;
    mkdirSync(root, { recursive: true });
    for (const name of ['images', 'fixtures', 'node_modules', 'Dockerfile.sandbox', 'package.json'])
      symlinkSync(join(name === 'node_modules' ? PACKAGE_ROOT : this.#folder, name), join(root, name));
    // Without the bundle, which has the text of every module in it, the copy runs from its modules.
    const bundle = join(PACKAGE_ROOT, 'dist/bundle');
    cpSync(join(PACKAGE_ROOT, 'dist'), join(root, 'dist'), {
      recursive: true,
      filter: (path) => path !== bundle,
    });
    const edits = set.flatMap(({ edits: own }) => own).filter(({ file }) => !isRecorder(file));
    if (edits.some(({ file }) => file === 'dist/cage/spec.js')) edits.push(NO_ADMISSION);
    if (set.some(({ edits: own }) => own.some(({ file }) => isRecorder(file))))
      edits.push({
        file: 'dist/cage/spec.js',
        from: "'/usr/local/bin/proofbox-recorder'",
        to: `'${RECORDERS}/${nameOf(set)}/proofbox-recorder'`,
      });
    for (const [file, text] of edited(root, edits)) writeFileSync(join(root, file), text);
    return main;
  }

  async remove(): Promise<void> {
    if (this.#reference !== '') await execa('docker', ['rmi', '-f', this.#reference], { reject: false });
  }
}

export function nameOf(set: readonly Defence[]): string {
  return set.map(({ id }) => id).join('+');
}

function isRecorder(file: string): boolean {
  return dirname(file) === 'images/recorder';
}

/** @throws where the text of a defence is not there: it was changed, and so must the table be */
function edited(root: string, edits: readonly Edit[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8');
    const changed = text.replace(from, () => to);
    if (changed === text) throw new Error(`${file} does not hold ${from}`);
    texts.set(file, changed);
  }
  return texts;
}
