import { expect, overTheWire, test, type Visitor } from '../fixtures';
import { SITE } from '../support/site';

// Playwright disables the back/forward cache; people have it enabled.
test.use({ launchOptions: { ignoreDefaultArgs: ['--disable-back-forward-cache'], executablePath: process.env.CHROME_PATH } });

/** Presses Back. Playwright's own method waits for a load, which a restored page does not have. */
async function back({ page }: Visitor): Promise<void> {
  await page.evaluate(() => history.back()).catch(() => {
    // The page was gone before it could answer.
  });
}

/** The content of the window, frame by frame, during `doing`. */
async function textDuring({ page }: Visitor, doing: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const text = await page.evaluate(() => (document.documentElement.hidden ? '' : document.body?.innerText)).catch(() => '');
      if (text) seen.push(text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await doing();
  watching = false;
  await watch;
  return seen;
}

for (const [way, ahead] of [
  ['hydrated', [`Sign in to ${SITE}`]],
  // The form of /logout is in the history, and the dashboard before it.
  ['without JavaScript', ['You are not signed in', `Sign in to ${SITE}`]],
] as const) {
  test.describe(way, () => {
    test.use({ way });

    test('after signing out Back shows nothing private', async ({ visitor, person }) => {
      await visitor.signsIn(person);
      await visitor.open('/logout');
      await visitor.signsOut();
      const seen = await textDuring(visitor, async () => {
        for (const heading of ahead) {
          await back(visitor);
          await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(heading);
        }
      });
      // The signed-out page names the person.
      const later = seen.filter((text) => !text.includes('You are signed out'));
      expect(later.join('\n')).toContain('Sign in');
      expect(later.join('\n')).not.toContain(person.displayName);
    });
  });
}

test('after signing out in another tab Back shows nothing private', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  await visitor.page.goto('/healthz');
  const other = await visitor.newTab();
  await other.open('/dashboard');
  await other.signsOut();
  const seen = await textDuring(visitor, async () => {
    await back(visitor);
    await visitor.isAskedToSignIn();
  });
  expect(seen.join('\n')).not.toContain(person.displayName);
});

test('after the session was ended elsewhere Back shows nothing private for long', async ({ visitor, person, server }) => {
  await visitor.signsIn(person);
  await visitor.page.goto('/healthz');
  // No cookie changes in this browser: the page may come from the cache, and checks its session at once.
  server.run(['session', 'end', '--user', person.name]);
  await back(visitor);
  await visitor.isAskedToSignIn();
  await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
});

test.describe('over the wire', () => {
  test.use(overTheWire);

  test('a page that comes back from the cache is hidden and loaded again', async ({ visitor, person, wire, complaints }) => {
    // Chromium keeps no page that has had a `no-store` stream; other browsers may.
    complaints.expect(/net::ERR_FAILED/, /TypeError: Failed to fetch/);
    await visitor.page.route('**/session/events', (route) => route.abort());
    await visitor.signsIn(person);
    await visitor.page.addInitScript(() => {
      addEventListener('pageshow', ({ persisted }) => {
        // After the page's own listener, which was added earlier or in this same task.
        if (persisted) setTimeout(() => sessionStorage.setItem('restored', String(document.documentElement.hidden)));
      });
    });
    await visitor.open('/dashboard');
    await visitor.page.evaluate(() => void (location.href = '/healthz'));
    await expect(visitor.page).toHaveURL('/healthz');
    const loads = () => wire.exchanges.filter(({ url }) => url === '/dashboard').length;
    const before = loads();
    await back(visitor);
    await expect(visitor.page).toHaveURL('/dashboard');
    await expect.poll(loads).toBe(before + 1);
    await visitor.isWelcomed(person);
    expect(await visitor.page.evaluate(() => sessionStorage.getItem('restored')), 'the cache was on').toBe('true');
    await expect(visitor.page.getByRole('heading', { level: 1 })).toBeVisible();
  });
});
