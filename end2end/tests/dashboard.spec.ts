import { expect, inEveryWay, newPerson, test, type Person } from '../fixtures';
import { titled } from '../support/site';

test.use({ locale: 'en-GB', timezoneId: 'Asia/Kolkata' });

inEveryWay(() => {
  test('it shows who is signed in, and how', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    const account = visitor.page.getByRole('region', { name: 'Your account' });
    await expect(account).toContainText(person.name);
    await expect(account).toContainText(person.email);
    await expect(account).toContainText('Member');
    const session = visitor.page.getByRole('region', { name: 'This device' });
    await expect(session).toContainText('Chrome on');
    await expect(session).toContainText('127.0.0.1');
  });

  test('it shows the previous sign-in', async ({ visitor, another, person }) => {
    const before = visitor.page.getByRole('region', { name: 'Previous sign-in' });
    await visitor.signsIn(person);
    await expect(before).toContainText('This is your first.');
    const elsewhere = await another();
    await elsewhere.signsIn(person);
    await visitor.signsOut();
    await visitor.signsIn(person);
    await expect(before).toContainText('Chrome on');
    await expect(before).toContainText('Not you?');
  });

  test('an administrator sees how the server is reached, and nobody else does', async ({ visitor, server, person }) => {
    const reach = visitor.page.getByRole('region', { name: 'How this server is reached' });
    await visitor.signsIn(person);
    await expect(visitor.page.getByRole('link', { name: 'System' })).toHaveCount(0);
    await visitor.signsOut();
    await visitor.page.setExtraHTTPHeaders({ 'x-forwarded-for': '192.0.2.7' });
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.page.getByRole('link', { name: 'System' }).click();
    await visitor.waitForHydration();
    await expect(reach).toContainText('127.0.0.1');
    await expect(reach).toContainText('Forwarded headers came from 127.0.0.1, which is not a trusted proxy');
    await expect(reach).not.toContainText('192.0.2.7');
  });

  test('a hostile name is only a name', async ({ visitor, server }) => {
    const displayName = `</script><img src=x onerror=alert(1)>"'{{1}}\u2028`;
    const person: Person = newPerson(server, { displayName });
    visitor.page.on('dialog', (dialog) => {
      throw new Error(dialog.message());
    });
    await visitor.open('/login');
    await visitor.sends(person.name, person.password);
    const heading = visitor.page.getByRole('heading', { level: 1 });
    await expect(heading).toContainText(displayName.trim());
    await visitor.open('/logout');
    await expect(visitor.page.getByRole('main')).toContainText(displayName.trim());
    await visitor.signsOut();
    await expect(visitor.page.getByRole('main')).toContainText(displayName.trim());
    await expect(visitor.page.locator('img')).toHaveCount(0);
  });

  test('a missing page is a 404 in our layout', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 404/);
    const answer = await visitor.page.goto('/no/such/page');
    expect(answer?.status()).toBe(404);
    await expect(visitor.page).toHaveTitle(titled('Page not found'));
    await visitor.page.getByRole('link', { name: 'Go to the start page' }).click();
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });
});

test('with the script times are those of the person, without it UTC', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  const since = visitor.page.getByRole('region', { name: 'This device' }).locator('time').first();
  const iso = await since.getAttribute('datetime');
  const style = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Kolkata' } as const;
  await expect(since).toHaveText(new Date(iso!).toLocaleString('en-GB', style));
  expect(await (await visitor.context.request.get('/dashboard')).text()).toContain('UTC');
});

test.describe('for readers elsewhere', () => {
  test.use({ locale: 'de-DE', timezoneId: 'America/New_York' });
  test('dates are in English, with the hours that they are used to', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    const since = visitor.page.getByRole('region', { name: 'This device' }).locator('time').first();
    const iso = await since.getAttribute('datetime');
    const style = { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone: 'America/New_York' } as const;
    await expect(since).toHaveText(new Date(iso!).toLocaleString('en-GB', style));
    await visitor.open('/account/activity');
    await expect(visitor.page.locator('.zone')).toHaveText('Times are in America/New_York.');
  });
});

test.describe('for readers in the United States', () => {
  test.use({ locale: 'en-US' });
  test('dates begin with the month, and hours have an AM or PM', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    const since = visitor.page.getByRole('region', { name: 'This device' }).locator('time').first();
    await expect(since).toHaveText(/^[A-Z][a-z]+ \d+, \d{4}, \d+:\d\d\s[AP]M$/);
  });

  test('days without a time do so too', async ({ visitor, server }) => {
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open('/admin/users');
    await expect(visitor.page.locator('main time').first()).toHaveText(/^[A-Z][a-z]+ \d+, \d{4}$/);
  });
});

test('nothing moves when the script arrives', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  for (const path of ['/dashboard', '/logout']) {
    await visitor.open(path);
    const shift = await visitor.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const sum = (entries: PerformanceEntryList) =>
            entries.reduce((all, entry) => all + (entry as PerformanceEntry & { value: number }).value, 0);
          new PerformanceObserver((list) => resolve(sum(list.getEntries()))).observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => resolve(0), 300);
        }),
    );
    expect(shift, path).toBe(0);
  }
});

test('many concurrent requests all get the page', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  const statuses = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const crowd = Array.from({ length: 20 }, () => visitor.context.request.get('/dashboard'));
    for (const answer of await Promise.all(crowd)) statuses.add(answer.status());
  }
  expect([...statuses]).toEqual([200]);
});
