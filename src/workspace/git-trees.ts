/**
 * Git's tree objects for a set of files, made by us: `git fast-import` takes time that grows with the square of a
 * folder's entries, and an engine may leave a hundred thousand in one. Format: gitformat, "tree object".
 */
import { createHash } from 'node:crypto';

/** What git calls the tree of nothing; every repository has it. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

type Folder = Map<string, Leaf | Folder>;

interface Leaf {
  mode: string;
  /** hexadecimal id of the blob */
  id: string;
}

/** The files of one side. Names are bytes, kept as Latin-1 text. */
export class GitTree {
  readonly #root: Folder = new Map();

  /** @throws Error where a file stands in the place of a folder or twice */
  add(path: Buffer, mode: string, id: string): void {
    const names = path.toString('latin1').split('/');
    const last = names.pop() ?? '';
    let folder = this.#root;
    for (const name of names) {
      const next = folder.get(name) ?? new Map();
      if (!(next instanceof Map)) throw new Error('a file is also a folder');
      folder.set(name, next);
      folder = next;
    }
    if (folder.has(last)) throw new Error('a file is there twice');
    folder.set(last, { mode, id });
  }

  /**
   * Input for `git mktree -z --batch`, the innermost folders first; none for a tree of nothing, which git need not make.
   * @returns the records, and the ids that git must answer with, the root's last
   */
  records(): { records: Buffer[]; ids: string[] } {
    const records: Buffer[] = [];
    const ids: string[] = [];
    const write = (folder: Folder): string => {
      const entries = [...folder].map(([name, entry]) =>
        entry instanceof Map
          ? { name, mode: '40000', type: 'tree', id: write(entry), key: `${name}/` }
          : { name, ...entry, type: 'blob', key: name },
      );
      // By bytes, a folder as if its name ended with a slash.
      entries.sort((a, b) => (a.key < b.key ? -1 : 1));
      for (const { name, mode, type, id } of entries)
        records.push(Buffer.from(`${mode.padStart(6, '0')} ${type} ${id}\t${name}\0`, 'latin1'));
      records.push(Buffer.from('\0'));
      const body = Buffer.concat(
        entries.flatMap(({ name, mode, id }) => [
          Buffer.from(`${mode} ${name}\0`, 'latin1'),
          Buffer.from(id, 'hex'),
        ]),
      );
      const id = createHash('sha1').update(`tree ${body.length}\0`).update(body).digest('hex');
      ids.push(id);
      return id;
    };
    if (this.#root.size === 0) return { records, ids: [EMPTY_TREE] };
    write(this.#root);
    return { records, ids };
  }
}
