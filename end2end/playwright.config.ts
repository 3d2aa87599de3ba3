import { defineConfig, devices } from '@playwright/test';

// With each window Chromium opens two hidden pages for the popup of its address bar, which cost a fifth of the
// processor time of these tests. A second --disable-features replaces that of Playwright, so it repeats its list.
const DISABLED_FEATURES = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

export default defineConfig({
  testDir: 'tests',
  globalSetup: './support/setup.ts',
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
    launchOptions: {
      executablePath: process.env.CHROME_PATH,
      args: ['--disable-quic', `--disable-features=${DISABLED_FEATURES.join(',')}`],
    },
  },
});
