/**
 * Firefox as it is installed, driven by WebDriver BiDi. Playwright drives only a Firefox of its own making.
 *
 * Only functions that return at once are evaluated in pages, except with JavaScript for `hydrated`. Puppeteer's own
 * handles and selectors need promises in the page, and without JavaScript they end the connection.
 */

import { expect } from '@playwright/test';
import { launch, type Browser, type BrowserContext, type Page } from 'puppeteer-core';
import { announceHydration } from './visitor';

const PATIENCE = { timeout: 10_000 };

/** What people use: a button and a link have their text as name, a field that of its label. */
type Kind = 'button' | 'link' | 'field';
type Place = { x: number; y: number };

export async function startFirefox(prefs: Record<string, unknown> = {}): Promise<Browser> {
  const executablePath = process.env.FIREFOX_PATH;
  if (!executablePath) throw new Error('FIREFOX_PATH is not set. Run: tools/e2e tests/firefox.spec.ts');
  // Its offer of a generated password lies over the button below, and takes the first click.
  const extraPrefsFirefox = { 'signon.generation.enabled': false, 'signon.rememberSignons': false, ...prefs };
  return launch({ browser: 'firefox', protocol: 'webDriverBiDi', executablePath, extraPrefsFirefox });
}

/** What a person should never cause: errors and warnings, violations of the policy, requests to other origins. */
export class FirefoxComplaints {
  readonly recorded: string[] = [];

  watch(page: Page, origin: string): void {
    page.on('console', (message) => {
      if (['error', 'warn'].includes(message.type())) this.recorded.push(`${message.type()}: ${message.text()}`);
    });
    // Among them every violation of the policy, also without JavaScript.
    page.on('pageerror', (error) => this.recorded.push(`uncaught: ${error}`));
    page.on('request', (request) => {
      const { origin: asked, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && asked !== origin) this.recorded.push(`elsewhere: ${request.url()}`);
    });
  }
}

/** A person with a Firefox of their own. */
export class FirefoxVisitor {
  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly origin: string,
    private readonly hasScript: boolean,
  ) {}

  static async arrive(firefox: Browser, origin: string, complaints: FirefoxComplaints, hasScript = true) {
    const context = await firefox.createBrowserContext();
    // Of the tabs of one window all but one are hidden, and a hidden page is covered.
    const page = await context.newPage({ type: 'window' });
    complaints.watch(page, origin);
    await page.evaluateOnNewDocument(announceHydration);
    return new FirefoxVisitor(page, context, origin, hasScript);
  }

  leave(): Promise<void> {
    return this.context.close();
  }

  async open(path: string): Promise<void> {
    await this.page.goto(this.origin + path);
    await this.waitForHydration();
  }

  async waitForHydration(): Promise<void> {
    if (!this.hasScript) return;
    // A page that is just being left cannot answer.
    await expect(() => this.page.evaluate(() => window.hydrated)).toPass(PATIENCE);
  }

  /** Whether scripts of pages run. Evaluated functions always do. */
  runsScripts(): Promise<boolean> {
    return this.page.evaluate(() => matchMedia('(scripting: enabled)').matches);
  }

  async press(kind: Kind, name: string): Promise<void> {
    const { x, y } = await this.find(kind, name);
    await this.page.mouse.click(x, y);
  }

  /** Its button has the name of the person after their initials. */
  async opensPersonMenu(): Promise<void> {
    await this.page.evaluate(() => document.querySelector<HTMLElement>('.person-button')?.click());
  }

  async fill(label: string, text: string): Promise<void> {
    const selects = async () => {
      const { x, y } = await this.find('field', label);
      await this.page.mouse.click(x, y, { count: 3 });
      return this.page.evaluate(labelsOfFocus);
    };
    // Firefox may still scroll to what was typed before, and move the field away from the mouse.
    await expect.poll(selects, { ...PATIENCE, message: 'the field with the focus' }).toContain(label);
    await this.page.keyboard.type(text);
  }

  /** The middle of the only visible part with this name, once it is there and nothing covers it. */
  private async find(kind: Kind, name: string): Promise<Place> {
    let places: Place[] = [];
    const look = async () => {
      try {
        places = await this.page.evaluate(placesOf, kind, name);
        return places.length;
      } catch (error) {
        // One page is replacing another.
        return String(error);
      }
    };
    await expect.poll(look, { ...PATIENCE, message: `the number of parts: ${kind} “${name}”` }).toBe(1);
    return places[0]!;
  }

  valueOf(label: string): Promise<string | undefined> {
    return this.page.evaluate((label) => {
      const fields = [...document.querySelectorAll('input')];
      return fields.find(({ labels }) => [...(labels ?? [])].some((one) => one.textContent === label))?.value;
    }, label);
  }

  /** What a person can read in this part of the page. */
  read(selector = 'body'): Promise<string> {
    const text = (selector: string) => document.querySelector<HTMLElement>(selector)?.innerText ?? '';
    return this.page.evaluate(text, selector).catch(() => '');
  }

  /** Everything that a person could read meanwhile, frame by frame. */
  async readWhile(doing: () => Promise<void>): Promise<string[]> {
    const seen = new Set<string>();
    let isOver = false;
    const watch = (async () => {
      while (!isOver) seen.add(await this.read());
    })();
    await doing();
    isOver = true;
    await watch;
    return [...seen];
  }

  /** Presses Back. A page that is restored from the cache is not loaded, so there is nothing to wait for. */
  async back(): Promise<void> {
    await this.page.evaluate(() => setTimeout(() => history.back()));
  }

  async isShown(text: string | RegExp, selector = 'main'): Promise<void> {
    await expect.poll(() => this.read(selector), PATIENCE).toMatch(text);
  }

  /** The page with this heading, ready for use. */
  async isAt(heading: string): Promise<void> {
    await expect.poll(() => this.read('h1'), PATIENCE).toBe(heading);
    await this.waitForHydration();
  }
}

/** Runs in a page. */
function labelsOfFocus(): string[] {
  const labels = (document.activeElement as HTMLInputElement | null)?.labels;
  return [...(labels ?? [])].map(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim() ?? '');
}

/** Runs in a page. */
function placesOf(kind: Kind, name: string): Place[] {
  const tags = { button: 'button', link: 'a[href]', field: 'input, textarea, select' }[kind];
  const named = (part: HTMLElement) => {
    const names = kind === 'field' ? [...((part as HTMLInputElement).labels ?? [])] : [part];
    return names.some(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim() === name);
  };
  const places = [...document.querySelectorAll<HTMLElement>(tags)].filter(named).map((part) => {
    part.scrollIntoView({ block: 'center', behavior: 'instant' });
    // A link may continue on a second line. What is hidden has no place.
    const [line] = part.getClientRects();
    if (!line) return undefined;
    const { left, top, width, height } = line;
    const place = { x: left + width / 2, y: top + height / 2 };
    const isOnTop = part.contains(document.elementFromPoint(place.x, place.y));
    return isOnTop ? place : undefined;
  });
  return places.filter((place) => place !== undefined);
}
