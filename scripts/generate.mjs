// Writes schemas/ and the generated parts of docs/ from the zod schemas in dist/. Run: npm run generate
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocs, jsonSchemas } from '../dist/schema/generate.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'schemas');
mkdirSync(folder, { recursive: true });
const schemas = jsonSchemas();
for (const name of readdirSync(folder)) if (!schemas.has(name)) rmSync(join(folder, name));
for (const [name, text] of schemas) writeFileSync(join(folder, name), text);
for (const [name, make] of generatedDocs()) {
  const path = join(root, name);
  writeFileSync(path, make(readFileSync(path, 'utf8')));
}
