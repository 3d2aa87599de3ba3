/** A person with a browser. */

import { expect, type BrowserContext, type Page } from '@playwright/test';
import { SITE } from './site';

/** How pages are delivered: with everything, without scripts, or with a WebAssembly file that fails to load. */
export const WAYS = ['hydrated', 'without JavaScript', 'without WebAssembly'] as const;
export type Way = (typeof WAYS)[number];

export const SESSION_COOKIE = '__Host-Http-session';

/** An account and its password. */
export type Person = { name: string; displayName: string; email: string; password: string };

declare global {
  interface Window {
    /** Resolves once the page's own script has hydrated it, or has failed without its WebAssembly. */
    hydrated: Promise<void>;
    /** The memory of the page's WebAssembly. */
    wasmMemory?: WebAssembly.Memory;
  }
}

/** Lets tests wait for hydration, and read the WebAssembly's memory. */
export async function observeHydration(context: BrowserContext): Promise<void> {
  await context.addInitScript(announceHydration);
}

/** Runs in a page before its own scripts. */
export function announceHydration(): void {
  let markHydrated: () => void;
  window.hydrated = new Promise((resolve) => (markHydrated = resolve));
  // A page that is left while its script is loading reports that in one of several ways.
  addEventListener('unhandledrejection', () => markHydrated());
  const watch = <T extends WebAssembly.WebAssemblyInstantiatedSource | WebAssembly.Instance>(made: T): T => {
    const { exports } = 'instance' in made ? made.instance : made;
    window.wasmMemory = exports.memory as WebAssembly.Memory;
    // `hydrate` is called in a microtask after this one, and hydrates in a timer; its times are rewritten in another one.
    setTimeout(() => setTimeout(() => setTimeout(markHydrated)));
    return made;
  };
  const { instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.instantiate = ((...given: Parameters<typeof instantiate>) =>
    instantiate(...given).then(watch)) as typeof instantiate;
  WebAssembly.instantiateStreaming = (...given) => instantiateStreaming(...given).then(watch);
}

export class Visitor {
  constructor(
    readonly page: Page,
    readonly way: Way,
  ) {}

  get context(): BrowserContext {
    return this.page.context();
  }

  get name() {
    return this.page.getByLabel('Username or email');
  }

  get password() {
    // The dialogue after a time-out has one too.
    return this.page.getByRole('main').getByLabel('Password', { exact: true });
  }

  get signInButton() {
    return this.page.getByRole('button', { name: 'Sign in' });
  }

  /** It opens the menu with the theme and the sign-out. */
  get personButton() {
    return this.page.getByRole('button', { name: /^Signed in as/ });
  }

  get personMenu() {
    return this.page.locator('#person-menu');
  }

  /** That of the menu, which is closed at first. */
  get signOutButton() {
    return this.personMenu.getByRole('button', { name: 'Sign out' });
  }

  get problem() {
    return this.page.getByRole('alert');
  }

  /** The first message of the page, not counting the place for new sign-ins, which is empty until there is one. */
  get notice() {
    return this.page.getByRole('status').and(this.page.locator(':not(#new-sign-in)')).first();
  }

  /** Opens a page of Vestibule, and waits until it is hydrated, if it can be. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.waitForHydration();
  }

  /** Reloads the page. If its session has ended it may already be leaving. */
  async reload(): Promise<void> {
    await this.page.reload().catch(() => undefined);
  }

  async waitForHydration(): Promise<void> {
    if (this.way !== 'without JavaScript') await this.page.evaluate(() => window.hydrated);
  }

  async types(name: string, password: string): Promise<void> {
    await this.name.fill(name);
    await this.password.fill(password);
  }

  /** Fills in the form of the current page, and sends it. */
  async sends(name: string, password: string): Promise<void> {
    await this.types(name, password);
    await this.signInButton.click();
  }

  async signsIn(person: Person, path = '/login'): Promise<void> {
    await this.open(path);
    await this.sends(person.name, person.password);
    await this.isWelcomed(person);
  }

  async opensPersonMenu(): Promise<void> {
    if (!(await this.personMenu.isVisible())) await this.personButton.click();
    await expect(this.personMenu).toBeVisible();
  }

  async pressesSignOut(): Promise<void> {
    await this.opensPersonMenu();
    await this.signOutButton.click();
  }

  async signsOut(): Promise<void> {
    await this.pressesSignOut();
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
    await this.waitForHydration();
  }

  async isWelcomed(person: Person): Promise<void> {
    await expect(this.page).toHaveURL(/\/dashboard/);
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText(`Hello, ${person.displayName}`);
    await this.waitForHydration();
  }

  async isAskedToSignIn(): Promise<void> {
    await expect(this.page).toHaveURL(/\/login/);
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText(`Sign in to ${SITE}`);
    await this.waitForHydration();
  }

  /** Another window covers this one. */
  hide = () => this.setHidden(true);
  /** And is removed. */
  show = () => this.setHidden(false);

  private async setHidden(hidden: boolean): Promise<void> {
    await this.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, hidden);
  }

  /** The next Tab leads to the first element of the page, also if a field has taken the focus. */
  async startsAtTheTop(): Promise<void> {
    await this.page.evaluate(() => {
      // The browser continues from the place where the focused element was.
      const start = document.createElement('span');
      start.tabIndex = -1;
      document.body.prepend(start);
      start.focus();
      start.remove();
    });
  }

  async newTab(): Promise<Visitor> {
    return new Visitor(await this.context.newPage(), this.way);
  }

  async sessionCookie() {
    return (await this.context.cookies()).find((cookie) => cookie.name === SESSION_COOKIE);
  }
}
