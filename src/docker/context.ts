/** The build context as one tar stream: exactly the inputs, with fixed owners, modes and times, and no link. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import tar from 'tar-fs';
import { inputFiles } from './inputs.ts';

/**
 * Streams the files that the sandbox image is built from.
 * @param root the package root
 * @param node folder with `node_modules/` of Node.js and npm, packed as `.node/bin/node`, `.node/package.json` and
 *   `.node/npm/`; null for the files of this project alone
 * @param pins for apt, packed as `.packages/preferences`
 */
export async function packContext(
  root: string,
  node: string | null,
  pins = '',
): Promise<NodeJS.ReadableStream> {
  const entries = await inputFiles(root);
  if (node === null) return readable(tar.pack(root, { entries, map: fixed }));
  const runtime = await nodeProgram(node);
  const npm = join(node, 'node_modules/npm');
  return readable(tar.pack(root, { entries, map: fixed, finalize: false, finish: addProgram }));

  function addProgram(pack: tar.Pack): void {
    pack.entry({ name: '.packages/preferences', mode: 0o644, mtime: new Date(0) }, pins);
    tar.pack(runtime, {
      ...after(pack, '.node', addNpm),
      entries: ['bin/node', 'package.json'],
      finalize: false,
    });
  }
  function addNpm(pack: tar.Pack): void {
    tar.pack(npm, after(pack, '.node/npm'));
  }
}

/** A folder of the host, the name it gets in the context, and which of its entries are taken. */
export interface ContextFolder {
  folder: string;
  name: string;
  only?: string[];
}

/** Streams a Dockerfile and folders as a build context. */
export function packFolders(dockerfile: string, folders: ContextFolder[]): NodeJS.ReadableStream {
  const add = (pack: tar.Pack, [first, ...rest]: ContextFolder[]): void => {
    if (first === undefined) {
      pack.finalize();
      return;
    }
    tar.pack(first.folder, {
      ...after(pack, first.name, (filled) => add(filled, rest)),
      ...(first.only === undefined ? {} : { entries: first.only }),
      finalize: false,
    });
  };
  const entries = [basename(dockerfile)];
  const finish = (pack: tar.Pack) => add(pack, folders);
  return readable(tar.pack(dirname(dockerfile), { entries, map: fixed, finalize: false, finish }));
}

/** tar-fs has a stream of its own kind; an error while reading a file must end the build, not hang it. */
function readable(pack: tar.Pack): PassThrough {
  const out = new PassThrough();
  pack.on('error', (error) => out.destroy(error));
  return pack.pipe(out);
}

/** The package with the `node` program, the one that npm found to fit. */
async function nodeProgram(node: string): Promise<string> {
  for (const cpu of ['x64', 'arm64']) {
    const folder = join(node, `node_modules/node-linux-${cpu}`);
    const found = await stat(join(folder, 'bin/node')).catch(() => null);
    if (found !== null) return folder;
  }
  throw new Error(`there is no Node.js program under ${node}`);
}

/** Appends to a pack that is already under way, below a folder. */
function after(pack: tar.Pack, folder: string, finish?: (pack: tar.Pack) => void): tar.PackOptions {
  return {
    pack,
    map: (header) => ({ ...fixed(header), name: join(folder, header.name) }),
    ...(finish === undefined ? {} : { finish }),
  };
}

/** The same inputs make the same bytes whoever checked them out, so that the builder's cache holds. */
function fixed(header: tar.Headers): tar.Headers {
  const isOpen = header.type === 'directory' || (header.mode & 0o100) !== 0;
  return { ...header, uid: 0, gid: 0, mtime: new Date(0), mode: isOpen ? 0o755 : 0o644 };
}
