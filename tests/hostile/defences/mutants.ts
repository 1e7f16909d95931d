/**
 * Copies of the product from which defences are taken away, one by one, by editing their text. The product itself has no
 * switch for any of them.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { build } from '../../../src/docker/build.ts';
import { packContext } from '../../../src/docker/context.ts';
import { baseReference, sandboxReference } from '../../../src/docker/inputs.ts';
import { npmPackages, pinned } from '../../../src/docker/npm-packages.ts';
import { lockedPackages, preferences } from '../../../src/docker/package-lock.ts';
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
  /** the image of every copy whose recipe is whole first, then one for each copy whose recipe is not */
  readonly #references: string[] = [];

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
    const reference = await sandboxReference(this.#folder, architecture);
    this.#references.push(reference);
    const context = join(this.#folder, 'recorders');
    cpSync(join(PACKAGE_ROOT, 'images/recorder'), join(context, 'base'), { recursive: true });
    mkdirSync(join(context, 'changed'));
    for (const set of sets) {
      const edits = editsOf(set).filter(isRecorder);
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
    await dockerBuild(reference, context, base);
    for (const set of sets) if (editsOf(set).some(isRecipe)) await this.#buildRecipe(architecture, set);
  }

  /** The image of a recipe without some of its lines; what stands before them is in the builder's cache. */
  async #buildRecipe(architecture: string, set: readonly Defence[]): Promise<void> {
    const [whole = ''] = this.#references;
    const root = this.#root(set);
    const reference = await sandboxReference(root, architecture);
    const node = await npmPackages(
      await pinned('node', 'Node.js'),
      architecture,
      join(PACKAGE_ROOT, '.cache'),
    );
    const built = await build(
      new Docker(),
      await packContext(root, node, preferences(lockedPackages(architecture))),
      { dockerfile: 'Dockerfile.sandbox', target: 'sandbox', buildargs: { BASE: baseReference() } },
      join(root, 'build.log'),
    );
    if (!built.built) throw new Error(`${nameOf(set)}: ${built.message}\n${built.log}`);
    const context = join(root, 'with-recorders');
    mkdirSync(context);
    const lines = [`FROM ${built.image}`, `COPY --from=${whole} ${RECORDERS} ${RECORDERS}`, ''];
    writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
    await dockerBuild(reference, context);
    this.#references.push(reference);
  }

  /** The folder of a copy, with what the product reads beside its program. */
  #root(set: readonly Defence[]): string {
    const root = join(this.#folder, 'copies', nameOf(set));
    if (existsSync(root)) return root;
    mkdirSync(root, { recursive: true });
    for (const name of ['images', 'fixtures', 'node_modules', 'Dockerfile.sandbox', 'package.json'])
      symlinkSync(join(name === 'node_modules' ? PACKAGE_ROOT : this.#folder, name), join(root, name));
    // Where the recipe is another one the link must not lead to the one of all others.
    for (const [file, text] of edited(root, editsOf(set).filter(isRecipe))) {
      rmSync(join(root, file));
      writeFileSync(join(root, file), text);
    }
    return root;
  }

  /** The program of a copy without these defences. */
  make(set: readonly Defence[]): string {
    const root = this.#root(set);
    const main = join(root, 'dist/cli/main.js');
    if (existsSync(main)) return main;
    // Without the bundle, which has the text of every module in it, the copy runs from its modules.
    const bundle = join(PACKAGE_ROOT, 'dist/bundle');
    cpSync(join(PACKAGE_ROOT, 'dist'), join(root, 'dist'), {
      recursive: true,
      filter: (path) => path !== bundle,
    });
    const edits = editsOf(set).filter((edit) => !isRecorder(edit) && !isRecipe(edit));
    if (edits.some(({ file }) => file === 'dist/cage/spec.js')) edits.push(NO_ADMISSION);
    if (editsOf(set).some(isRecorder))
      edits.push({
        file: 'dist/cage/spec.js',
        from: "'/usr/local/bin/proofbox-recorder'",
        to: `'${RECORDERS}/${nameOf(set)}/proofbox-recorder'`,
      });
    for (const [file, text] of edited(root, edits)) writeFileSync(join(root, file), text);
    return main;
  }

  async remove(): Promise<void> {
    for (const reference of this.#references.reverse())
      await execa('docker', ['rmi', '-f', reference], { reject: false });
  }
}

export function nameOf(set: readonly Defence[]): string {
  return set.map(({ id }) => id).join('+');
}

const editsOf = (set: readonly Defence[]): Edit[] => set.flatMap(({ edits }) => edits);

const isRecorder = ({ file }: Edit): boolean => dirname(file) === 'images/recorder';

const isRecipe = ({ file }: Edit): boolean => file === 'Dockerfile.sandbox';

async function dockerBuild(reference: string, context: string, base?: string): Promise<void> {
  const argument = base === undefined ? [] : ['--build-arg', `BASE=${base}`];
  await execa('docker', ['build', '-q', '--force-rm', '-t', reference, ...argument, context], {
    env: { DOCKER_BUILDKIT: '0' },
  });
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
