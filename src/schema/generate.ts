/** Makes the JSON Schemas and the field tables of the documentation from the zod schemas. Pure: text out. */

import { DOCUMENTS, type DocumentKind } from './documents.ts';
import * as z from './zod.ts';

/** The parts of a JSON Schema (draft 2020-12) that zod gives us. */
interface Node {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  additionalProperties?: boolean | Node;
  items?: Node;
  prefixItems?: Node[];
  anyOf?: Node[];
  oneOf?: Node[];
  required?: string[];
  description?: string;
  pattern?: string;
  format?: string;
  $ref?: string;
  $defs?: Record<string, Node>;
}

/** JSON Schema text by file name. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    DOCUMENTS.map((kind) => {
      const { $schema, ...rest } = schemaOf(kind) as Node & { $schema?: string };
      const schema = { $schema, title: kind.file, description: kind.about, ...rest };
      return [`${kind.name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`];
    }),
  );
}

/** Markdown: a table of fields for each document of one side. */
export function fieldTables(side: DocumentKind['side']): string {
  return DOCUMENTS.filter((kind) => kind.side === side)
    .map((kind) => {
      const schema = schemaOf(kind);
      const each = kind.form === 'lines' ? ' One JSON object a line.' : '';
      return [
        `### ${kind.file}`,
        '',
        `${kind.about}${each} Schema: [schemas/${kind.name}.schema.json](../schemas/${kind.name}.schema.json).`,
        '',
        ...table(schema),
        '',
        ...Object.entries(schema.$defs ?? {}).flatMap(([name, shape]) => [
          `**${name}**`,
          '',
          ...table(shape),
          '',
        ]),
      ].join('\n');
    })
    .join('\n');
}

/** Documentation pages with a generated part: name below the package's folder, and how its text is renewed. */
export function generatedDocs(): Map<string, (text: string) => string> {
  return new Map([
    ['docs/evidence.md', (text) => between(text, fieldTables('evidence'))],
    ['docs/fixtures.md', (text) => between(text, fieldTables('input'))],
  ]);
}

const BEGIN = '<!-- generated from the schemas: npm run generate -->';
const END = '<!-- end of the generated part -->';

/** @throws Error where the page has no marks to write between */
function between(page: string, text: string): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`a page lacks its marks ${BEGIN} and ${END}`);
  return `${head}${BEGIN}\n\n${text}\n${END}${tail}`;
}

/** Every field without a description, as `file: path`; documentation that says nothing is a defect. */
export function undescribed(): string[] {
  return DOCUMENTS.flatMap((kind) =>
    fields(schemaOf(kind))
      .filter(({ about }) => about === '')
      .map(({ path }) => `${kind.file}: ${path}`),
  );
}

function table(shape: Node): string[] {
  const choices = shape.oneOf ?? shape.anyOf;
  if (choices !== undefined)
    return choices.map(
      (one) =>
        `- ${Object.entries(one.properties ?? {})
          .map(([name, value]) => `\`${name}\`: ${typeOf(value)}`)
          .join(', ')}`,
    );
  return [
    '| field | type | what it says |',
    '| --- | --- | --- |',
    ...fields(shape).map(({ path, type, about }) => `| \`${path}\` | ${cell(type)} | ${cell(about)} |`),
  ];
}

function schemaOf(kind: DocumentKind): Node {
  return z.toJSONSchema(kind.schema, { io: 'input', reused: 'inline' }) as Node;
}

interface Field {
  path: string;
  type: string;
  about: string;
}

function fields(node: Node, prefix = ''): Field[] {
  const required = new Set(node.required ?? []);
  return Object.entries(node.properties ?? {}).flatMap(([name, below]) => {
    const path = `${prefix}${name}`;
    const mark = required.has(name) ? '' : ', may be left out';
    const within = inner(below, path);
    const about = below.description ?? constant(below);
    // An object that its own fields describe needs no row of its own.
    if (about === '' && within.length > 0) return within;
    return [{ path, type: `${typeOf(below)}${mark}`, about }, ...within];
  });
}

/** Fields of an object, of an array's items or of the one object in a choice. */
function inner(node: Node, path: string): Field[] {
  if (node.properties !== undefined) return fields(node, `${path}.`);
  if (node.items !== undefined) return inner(node.items, `${path}[]`);
  if (typeof node.additionalProperties === 'object') return inner(node.additionalProperties, `${path}.*`);
  const choices = (node.anyOf ?? node.oneOf ?? []).filter(({ type }) => type !== 'null');
  return choices.length === 1 ? inner(choices[0] as Node, path) : [];
}

function typeOf(node: Node): string {
  if (node.$ref !== undefined) return node.$ref.replace('#/$defs/', '');
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((one) => `\`${one}\``).join(', ');
  const choices = node.anyOf ?? node.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' or ');
  if (node.type === 'array')
    return node.prefixItems !== undefined
      ? `list of ${node.prefixItems.map(typeOf).join(', ')}`
      : `list of ${node.items === undefined ? 'anything' : typeOf(node.items)}`;
  if (node.type === undefined) return 'anything';
  return [node.type].flat().join(' or ');
}

/** A constant says what it is by itself. */
function constant(node: Node): string {
  return node.const === undefined ? '' : 'marks the kind and version of this document';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
