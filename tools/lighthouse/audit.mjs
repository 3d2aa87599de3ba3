// Measures pages with Lighthouse: tools/audit. Each page is loaded in a new Chromium for each run, with an empty cache,
// by Lighthouse's own model of a phone: a slow line, and a processor four times slower than this one.

import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform } from 'node:os';
import path from 'node:path';
import { PROJECT, Scene } from './scene.mjs';

const DOCUMENT = path.join(PROJECT, 'docs', 'performance.md');
const BEGIN = '<!-- written by make audit: begin -->\n';
const END = '<!-- written by make audit: end -->';

/** The pages, and whether a signed-in administrator loads them. */
const PAGES = new Map([
  ['/login', false],
  ['/signed-out', false],
  ['/dashboard', true],
  ['/account/sessions', true],
  ['/admin/users', true],
]);
/** They do not depend on the machine. */
const MUST_BE_WHOLE = ['accessibility', 'best-practices'];
const CATEGORIES = ['performance', ...MUST_BE_WHOLE, 'seo'];
/** Why an audit of search engines is not passed. */
const REASONS = {
  'is-crawlable': 'every page asks not to be indexed: nothing behind a sign-in is to be found by a search engine',
};

const fail = (problem, remedy) => {
  console.error(`✗ ${problem}\n  ${remedy}`);
  process.exit(1);
};

async function measure(scene, page) {
  const chrome = await launch({ chromePath: process.env.CHROME_PATH, chromeFlags: ['--headless=new', '--no-sandbox'] });
  try {
    const headers = PAGES.get(page) ? { extraHeaders: { Cookie: scene.cookies } } : {};
    const flags = { port: chrome.port, logLevel: 'error', onlyCategories: CATEGORIES, ...headers };
    const { lhr } = await lighthouse(scene.origin + page, flags);
    if (lhr.runtimeError) throw new Error(`${page}: ${lhr.runtimeError.message}`);
    const { pathname } = new URL(lhr.finalDisplayedUrl);
    if (pathname !== page) throw new Error(`${page} leads to ${pathname}`);
    return lhr;
  } finally {
    chrome.kill();
  }
}

/** The audits that count in this category and are not passed. */
function missed({ categories, audits }, category) {
  const counted = categories[category].auditRefs.filter(({ weight }) => weight > 0);
  return counted.map(({ id }) => audits[id]).filter(({ score }) => score !== null && score < 1);
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

/** The median, and the range behind it. */
function spread(values, unit = '') {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = least === most ? '' : ` (${least} to ${most})`;
  return `${median(values)}${unit}${range}`;
}

const scores = (runs, category) => runs.map(({ categories }) => Math.round(categories[category].score * 100));
const milliseconds = (runs, audit) => runs.map(({ audits }) => Math.round(audits[audit].numericValue));

const output = (program, ...given) =>
  execFileSync(program, given, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

function table(results) {
  const all = [...results.values()].flat();
  const [{ lighthouseVersion }] = all;
  const [, chromium] = /([\d.]+)/.exec(output(process.env.CHROME_PATH, '--version'));
  const commit = output('git', 'rev-parse', '--short', 'HEAD').trim();
  const runs = Math.max(...[...results.values()].map(({ length }) => length));
  const speed = spread(all.map((run) => Math.round(run.environment.benchmarkIndex)));
  const lines = [
    `${new Date().toISOString().slice(0, 10)} · ${cpus()[0].model}, ${cpus().length} processors, ${platform()} · ` +
      `Chromium ${chromium}, Lighthouse ${lighthouseVersion} · commit ${commit} · median of ${runs} runs, and their range · ` +
      `Lighthouse’s index of this machine’s speed: ${speed}.`,
    '',
    '| page | performance | total blocking time | first contentful paint | largest contentful paint | accessibility | best practices | SEO |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const [page, runs] of results) {
    lines.push(
      `| \`${page}\` | ${spread(scores(runs, 'performance'))} | ${spread(milliseconds(runs, 'total-blocking-time'), ' ms')} | ` +
        `${spread(milliseconds(runs, 'first-contentful-paint'), ' ms')} | ` +
        `${spread(milliseconds(runs, 'largest-contentful-paint'), ' ms')} | ` +
        `${CATEGORIES.slice(1).map((category) => spread(scores(runs, category))).join(' | ')} |`,
    );
  }
  return [...lines, '', ...searchEngines(results), ''].join('\n');
}

/** What keeps SEO below 100, with the reason. */
function searchEngines(results) {
  const pagesOf = new Map();
  for (const [page, runs] of results) {
    for (const { id } of missed(runs[0], 'seo')) pagesOf.set(id, [...(pagesOf.get(id) ?? []), page]);
  }
  if (pagesOf.size === 0) return ['SEO: every audit is passed.'];
  const audits = [...pagesOf].map(([id, pages]) => {
    const where = pages.length === results.size ? 'all pages' : pages.map((page) => `\`${page}\``).join(', ');
    return `- \`${id}\` (${where}): ${REASONS[id] ?? '**a defect: no reason is known**'}.`;
  });
  return ['SEO is below 100 for:', '', ...audits];
}

/** Every audit that has to be passed and is not, with the elements that it names. */
function findings(results) {
  return [...results].flatMap(([page, runs]) =>
    MUST_BE_WHOLE.flatMap((category) =>
      runs.flatMap((run) => missed(run, category)).map(({ id, title, details }) => {
        const elements = (details?.items ?? []).map((item) => item.node?.snippet ?? item.description ?? item.url).filter(Boolean);
        return [`${page}: ${category}: ${id}: ${title}`, ...elements.map((element) => `    ${element}`)].join('\n');
      }),
    ),
  );
}

function write(text) {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) fail('docs/performance.md has no marks of make audit.', `Put them back: ${BEGIN}${END}`);
  writeFileSync(DOCUMENT, `${before}${BEGIN}${text}${END}${after}`);
}

const [number = '3', ...only] = process.argv.slice(2);
const pages = only.length > 0 ? only : [...PAGES.keys()];
if (!/^[1-9]\d*$/.test(number) || pages.some((page) => !PAGES.has(page))) {
  fail(`${process.argv.slice(2).join(' ')} is not understood.`, `tools/audit [RUNS [${[...PAGES.keys()].join('|')}]…]`);
}

const results = new Map(pages.map((page) => [page, []]));
const scene = await Scene.set();
try {
  for (let run = 1; run <= Number(number); run++) {
    for (const page of pages) {
      console.error(`  run ${run} of ${number}: ${page}`);
      results.get(page).push(await measure(scene, page));
    }
  }
} finally {
  await scene.end();
}
const text = table(results);
console.log(text);
const found = new Set(findings(results));
if (found.size > 0) fail([...found].join('\n'), 'Accessibility and best practices have to be 100 on every page.');
if (only.length === 0) write(text);
