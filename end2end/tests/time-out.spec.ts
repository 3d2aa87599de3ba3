import { expect, newPerson, overTheWire, test, type Visitor } from '../fixtures';

const warning = (visitor: Visitor) => visitor.page.getByRole('dialog', { name: 'Are you still there?' });
const again = (visitor: Visitor) => visitor.page.getByRole('dialog', { name: 'Sign in to continue' });
const description = (visitor: Visitor) => visitor.page.getByLabel('Description');

async function signsInAgain(visitor: Visitor, password: string): Promise<void> {
  await again(visitor).getByLabel('Password', { exact: true }).fill(password);
  await again(visitor).getByRole('button', { name: 'Sign in' }).click();
}

test.describe('ahead of the idle end', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '8s' } });

  for (const [how, answer] of [
    ['the button', (visitor: Visitor) => visitor.page.getByRole('button', { name: 'Stay signed in' }).click()],
    ['Escape', (visitor: Visitor) => visitor.page.keyboard.press('Escape')],
  ] as const) {
    test(`a dialogue asks, and ${how} keeps the person signed in`, async ({ visitor, person }) => {
      await visitor.signsIn(person);
      await expect(warning(visitor)).toBeVisible({ timeout: 8_000 });
      await expect(warning(visitor)).toContainText(/signed out in \d+ seconds/);
      await expect(visitor.page.getByRole('button', { name: 'Stay signed in' })).toBeFocused();
      await answer(visitor);
      await expect(warning(visitor)).toBeHidden();
      // Longer than the remaining life of the session.
      await visitor.page.waitForTimeout(3_000);
      await visitor.page.reload();
      await visitor.isWelcomed(person);
    });
  }

  test('the person may sign out from it', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    await expect(warning(visitor)).toBeVisible({ timeout: 8_000 });
    await warning(visitor).getByRole('button', { name: 'Sign out' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
    expect(server.liveSessions(person.name)).toEqual([]);
  });

  test('what the person does in another tab counts here too', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await expect(warning(visitor)).toBeVisible({ timeout: 8_000 });
    const other = await visitor.newTab();
    await other.open('/account/profile');
    await visitor.page.bringToFront();
    await expect(warning(visitor)).toBeHidden();
  });
});

test.describe('after a warning', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '8s' } });

  test('the field that had the focus gets it back', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await description(visitor).fill('half of a sentence');
    await expect(warning(visitor)).toBeVisible({ timeout: 10_000 });
    await expect(again(visitor)).toBeVisible({ timeout: 10_000 });
    await signsInAgain(visitor, person.password);
    await expect(again(visitor)).toBeHidden();
    await expect(description(visitor)).toBeFocused();
  });
});

test.describe('while somebody writes', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '12s' } });

  test('typing counts as use, and is reported now and then', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    let reports = 0;
    visitor.page.on('request', (request) => {
      if (request.url().endsWith('/api/stay_signed_in')) reports += 1;
    });
    await description(visitor).focus();
    // Twice as long as the session lives without use.
    for (let letter = 0; letter < 48; letter++) {
      await visitor.page.keyboard.type('a');
      await visitor.page.waitForTimeout(500);
      expect(await warning(visitor).isVisible(), `after ${letter} letters`).toBe(false);
    }
    await expect(description(visitor)).toBeFocused();
    expect(server.liveSessions(person.name)).toHaveLength(1);
    expect(reports).toBeGreaterThan(3);
    expect(reports, 'at most one in a quarter of the idle time').toBeLessThan(12);
    await expect(warning(visitor)).toBeVisible({ timeout: 15_000 });
  });

  test('an untouched page is warned', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await expect(warning(visitor)).toContainText('because you have been inactive', { timeout: 15_000 });
  });
});

test.describe('after the idle end', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '4s' } });

  test('the page is covered, and the same person continues', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await description(visitor).fill('half of a sentence');
    await expect(again(visitor)).toBeVisible({ timeout: 8_000 });
    await expect(again(visitor)).toContainText('You were signed out after less than a minute.');
    await expect(again(visitor)).toContainText('what you typed is still here');
    await expect(again(visitor)).toContainText(`Username: ${person.name}`);
    await expect(again(visitor).getByLabel('Password', { exact: true })).toBeFocused();
    await expect(description(visitor)).toBeHidden();
    await expect(visitor.page.locator('.person-name')).toBeHidden();
    await visitor.page.keyboard.press('Escape');
    await expect(again(visitor)).toBeVisible();

    await signsInAgain(visitor, 'not the password');
    await expect(again(visitor).getByRole('alert')).toContainText('Wrong password');
    await expect(again(visitor).getByLabel('Password', { exact: true })).toHaveValue('');
    await again(visitor).getByLabel('Password', { exact: true }).fill('seen');
    await again(visitor).getByRole('button', { name: 'Show password' }).click();
    await expect(again(visitor).getByLabel('Password', { exact: true })).toHaveAttribute('type', 'text');
    await again(visitor).getByRole('button', { name: 'Hide password' }).click();
    await expect(again(visitor).getByLabel('Password', { exact: true })).toHaveAttribute('type', 'password');
    await signsInAgain(visitor, person.password);
    await expect(again(visitor)).toBeHidden();
    await expect(description(visitor)).toHaveValue('half of a sentence');
    await expect(description(visitor)).toBeFocused();
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.notice).toHaveText('Saved.');
    expect(await visitor.page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
  });

  test('another person in another tab gets a fresh page', async ({ visitor, person, server }) => {
    const grace = newPerson(server, { displayName: 'Grace Hopper' });
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await description(visitor).fill('nothing for Grace');
    await expect(again(visitor)).toBeVisible({ timeout: 8_000 });
    const other = await visitor.newTab();
    await other.signsIn(grace);
    await visitor.page.bringToFront();
    await visitor.isWelcomed(grace);
    await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
  });

  test('another person gets a fresh page', async ({ visitor, person, server }) => {
    const grace = newPerson(server, { displayName: 'Grace Hopper' });
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await description(visitor).fill('nothing for Grace');
    await expect(again(visitor)).toBeVisible({ timeout: 8_000 });
    await again(visitor).getByRole('link', { name: 'Go to the sign-in page (what you typed is lost)' }).click();
    await visitor.waitForHydration();
    await visitor.sends(grace.name, grace.password);
    await visitor.isWelcomed(grace);
    await visitor.open('/account/profile');
    await expect(description(visitor)).toHaveValue('');
    await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
  });

  test('a sign-in in another tab continues this one too', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await description(visitor).fill('still here');
    await expect(again(visitor)).toBeVisible({ timeout: 8_000 });
    const other = await visitor.newTab();
    await other.signsIn(person);
    await visitor.page.bringToFront();
    await expect(again(visitor)).toBeHidden();
    await expect(description(visitor)).toHaveValue('still here');
  });
});

test.describe('at the time limit', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '5s', VESTIBULE_SESSION__ABSOLUTE_TIMEOUT: '5s' } });

  test('the dialogue says that staying does not help, and asks once', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await expect(warning(visitor)).toContainText('reaches its time limit', { timeout: 8_000 });
    await visitor.page.keyboard.press('Escape');
    await expect(warning(visitor)).toBeHidden();
    await expect(again(visitor)).toContainText('You were signed out after', { timeout: 8_000 });
  });
});

/** Waits until the page has received the times of its session: a later stream reports later ones. */
const waitForSessionEvent = ({ page }: Visitor) =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const stream = new EventSource('/session/events');
        stream.addEventListener('session', () => {
          stream.close();
          resolve();
        });
      }),
  );

test.describe('when the computer has slept', () => {
  test.use(overTheWire);

  test('the dialogue is shown at once, with the remaining time', async ({ visitor, person, wire }) => {
    const { page } = visitor;
    await page.clock.install();
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await waitForSessionEvent(visitor);
    await expect(warning(visitor)).toBeHidden();
    // Only the browser's clock continues: the server would report remaining time.
    wire.transform = ({ method }) => (method === 'HEAD' ? new Promise(() => {}) : undefined);
    await page.clock.fastForward('01:59:00');
    await expect(warning(visitor)).toContainText(/signed out in (5\d|60) seconds/);
    await expect(page.getByRole('button', { name: 'Stay signed in' })).toBeFocused();
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await expect(warning(visitor)).toBeHidden();
    await page.clock.fastForward('00:30:00');
    await expect(warning(visitor)).toBeHidden();
  });

  test.describe('for longer than the session lived', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '4s' } });

    test('the page is covered and asks, although its stream died silently', async ({ visitor, person, wire, complaints }) => {
      complaints.expect(/status of 401/);
      const { page } = visitor;
      await page.clock.install();
      await visitor.signsIn(person);
      await visitor.open('/account/profile');
      await description(visitor).fill('half of a sentence');
      await waitForSessionEvent(visitor);
      wire.muteStreams();
      await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10));
      await page.waitForTimeout(5_000);
      await expect(again(visitor)).toBeHidden();
      await page.clock.fastForward(5_000);
      await page.clock.resume();
      await expect(again(visitor)).toContainText('You were signed out after');
      await expect(description(visitor)).toBeHidden();
      await signsInAgain(visitor, person.password);
      await expect(again(visitor)).toBeHidden();
      await expect(description(visitor)).toHaveValue('half of a sentence');
    });
  });
});

test.describe('without the network', () => {
  test.use(overTheWire);

  const loses = async (visitor: Visitor, wire: { cut(): void }) => {
    await visitor.context.setOffline(true);
    wire.cut();
  };
  const finds = async (visitor: Visitor, wire: { restore(): void }) => {
    wire.restore();
    await visitor.context.setOffline(false);
  };

  test.describe('ahead of the idle end', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '20s' } });

    test('staying reports the failure, and can be retried', async ({ visitor, person, wire, complaints }) => {
      complaints.expect(/net::ERR_/);
      await visitor.signsIn(person);
      await expect(warning(visitor)).toBeVisible({ timeout: 20_000 });
      await loses(visitor, wire);
      const stay = visitor.page.getByRole('button', { name: 'Stay signed in' });
      await stay.click();
      await expect(warning(visitor).getByRole('alert')).toContainText('the server cannot be reached');
      await expect(warning(visitor)).toBeVisible();
      await finds(visitor, wire);
      await stay.click();
      await expect(warning(visitor)).toBeHidden();
      await visitor.page.reload();
      await visitor.isWelcomed(person);
    });
  });

  test.describe('beyond the idle end', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '5s' } });

    test('the page is covered, and asks once the network is back', async ({ visitor, person, wire, complaints }) => {
      complaints.expect(/net::ERR_/, /status of 401/);
      await visitor.signsIn(person);
      await visitor.open('/account/profile');
      await description(visitor).fill('half of a sentence');
      await waitForSessionEvent(visitor);
      await loses(visitor, wire);
      await expect(visitor.page.locator('html[data-covered]')).toHaveCount(1, { timeout: 12_000 });
      await expect(again(visitor)).toBeHidden();
      await expect(description(visitor)).toBeHidden();
      await finds(visitor, wire);
      await expect(again(visitor)).toContainText('You were signed out after');
      await signsInAgain(visitor, person.password);
      await expect(description(visitor)).toHaveValue('half of a sentence');
    });
  });
});
