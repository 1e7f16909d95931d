/** Every rendering of a report for people, by the name of its file. Pure: equal evidence gives equal texts. */
import type { Report } from '../schema/report.ts';
import type { Page } from '../verdict/page-data.ts';
import { renderHtml } from './html/document.tsx';
import { renderMarkdown } from './markdown.ts';

/** What stands in report.md and report.html. */
export function renderings(report: Report, page: Page): { 'report.md': string; 'report.html': string } {
  return { 'report.md': renderMarkdown(report), 'report.html': renderHtml(report, page) };
}
