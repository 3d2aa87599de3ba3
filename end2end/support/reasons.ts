/** Prints the reason of each failed test at the end of a run, where a log whose beginning is cut off still shows it. */

import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

const LINES = 24;

export default class Reasons implements Reporter {
  private readonly failed: string[] = [];

  onTestEnd(test: TestCase, { status, errors }: TestResult): void {
    if (status === test.expectedStatus || status === 'skipped') return;
    const reasons = errors.map(({ message, value }) => (message ?? value ?? '').split('\n').slice(0, LINES).join('\n'));
    this.failed.push([`✘ ${test.titlePath().filter(Boolean).join(' › ')} (${status})`, ...reasons].join('\n'));
  }

  // After all reporters that print when the run is over.
  async onExit(): Promise<void> {
    if (this.failed.length > 0) console.log(`\nWhy tests failed:\n\n${this.failed.join('\n\n')}`);
  }

  printsToStdio(): boolean {
    return true;
  }
}
