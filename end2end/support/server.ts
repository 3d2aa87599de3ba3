/** A real Vestibule, in a folder and with a database of its own. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROJECT = path.resolve(__dirname, '..', '..');
/** `make dist-check` sets it: the program with its site inside, which needs no folder. */
const DIST = process.env.TEST_DIST !== undefined;
const PROGRAM = path.join(PROJECT, 'target', DIST ? 'dist' : 'release', 'vestibule');
const SITE = DIST ? {} : { LEPTOS_SITE_ROOT: path.join(PROJECT, 'target', 'site') };
const STARTS_WITHIN = 20_000;
/** The servers' output, which tools/canary searches for secrets; tools/e2e deletes it at the start. */
const CAPTURED = path.join(PROJECT, 'target', 'tmp', 'captured', 'browser.log');

/** Environment variables of the server, such as `VESTIBULE_SESSION__IDLE_TIMEOUT`. */
export type Settings = Record<string, string>;

/** A line of `vestibule session list --json`. */
export type SessionRow = { id: string; user: string; remember: boolean; end_reason: string | null };

export class Server {
  /** Its standard error and standard output so far. */
  log = '';
  origin = '';

  private constructor(
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
    private process: ChildProcess,
  ) {}

  static async start(settings: Settings = {}): Promise<Server> {
    const folder = mkdtempSync(path.join(tmpdir(), 'vestibule-e2e-'));
    const environment = {
      ...withoutSettings(process.env),
      VESTIBULE_DATABASE_URL: `sqlite:${path.join(folder, 'vestibule.db')}`,
      ...SITE,
      LEPTOS_SITE_ADDR: '127.0.0.1:0',
      ...settings,
    };
    const server = new Server(folder, environment, spawn(PROGRAM, ['serve'], { cwd: folder, env: environment }));
    try {
      await server.answers();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Crashes, and starts again at the same address, with the same database. */
  async restart(meanwhile = async () => {}): Promise<void> {
    await this.crash();
    await meanwhile();
    const environment = { ...this.environment, LEPTOS_SITE_ADDR: `127.0.0.1:${new URL(this.origin).port}` };
    this.process = spawn(PROGRAM, ['serve'], { cwd: this.folder, env: environment });
    await this.answers();
  }

  /** Ends this process, no other, and removes its folder. */
  async stop(): Promise<void> {
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async crash(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await ended;
    }
  }

  /** Runs `vestibule …` against the same database, and returns its output. */
  run(commandLine: string[], input = ''): string {
    const { status, stdout, stderr } = spawnSync(PROGRAM, commandLine, {
      cwd: this.folder,
      env: this.environment,
      input,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`vestibule ${commandLine.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Guesses at an account, in another browser. */
  async guesses(username: string, userAgent = 'curl/8.17.0'): Promise<void> {
    const body = new URLSearchParams({ username, password: 'not the password at all' });
    const headers = { origin: this.origin, 'user-agent': userAgent };
    await fetch(`${this.origin}/api/login`, { method: 'POST', headers, body, redirect: 'manual' });
  }

  /** Signs a person in in another browser with this `userAgent`. Returns its cookies. */
  async signsInElsewhere(username: string, password: string, userAgent: string, remember = false): Promise<string> {
    const body = new URLSearchParams({ username, password, ...(remember && { remember: 'on' }) });
    const headers = { accept: 'application/json', origin: this.origin, 'user-agent': userAgent };
    const answer = await fetch(`${this.origin}/api/login`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${username} was refused: ${answer.status}`);
    return answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
  }

  /** Signs a program in with an access key. Returns the status. */
  async signsInWithKey(key: string, userAgent: string): Promise<number> {
    const body = new URLSearchParams({ key });
    const headers = { accept: 'application/json', origin: this.origin, 'user-agent': userAgent };
    const answer = await fetch(`${this.origin}/api/login_with_key`, { method: 'POST', headers, body });
    return answer.status;
  }

  /** All sessions of a person, the newest first. */
  sessions(name: string): SessionRow[] {
    const lines = this.run(['session', 'list', '--user', name, '--json']).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as SessionRow);
  }

  liveSessions(name: string): SessionRow[] {
    return this.sessions(name).filter((session) => session.end_reason === null);
  }

  private async answers(): Promise<void> {
    mkdirSync(path.dirname(CAPTURED), { recursive: true });
    const listen = (chunk: Buffer) => {
      this.log += chunk.toString();
      appendFileSync(CAPTURED, chunk);
    };
    this.process.stdout?.on('data', listen);
    this.process.stderr?.on('data', listen);
    const deadline = Date.now() + STARTS_WITHIN;
    while (Date.now() < deadline && this.process.exitCode === null) {
      this.origin = /Vestibule answers on (\S+)/.exec(this.log)?.[1] ?? '';
      const health = this.origin && (await fetch(`${this.origin}/healthz`).catch(() => undefined));
      if (health && health.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Vestibule did not start:\n${this.log}`);
  }
}

/** The developer's own settings must not reach the tests. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = Object.entries(environment).filter(([name]) => !/^(VESTIBULE_|LEPTOS_|RUST_LOG$)/.test(name));
  return Object.fromEntries(foreign);
}
