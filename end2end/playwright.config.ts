import { defineConfig, devices } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  // A test that passes only on the second attempt has found a bug.
  retries: 0,
  workers: 2,
  fullyParallel: true,
  // The processors may be busy with a build.
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: !!process.env.CI,
  reporter: [['list'], ['html', { open: 'never' }], ['./support/reasons.ts']],
  use: {
    ...devices['Desktop Chrome'],
    screenshot: 'only-on-failure',
    // Playwright itself disables the sandbox, updates, synchronisation and the first-run page.
    launchOptions: { executablePath: process.env.CHROME_PATH, args: ['--disable-quic'] },
  },
});
