// A Vestibule with a database of its own, an administrator who is signed in, other accounts, and other sessions.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const PROGRAM = path.join(PROJECT, 'target', 'release', 'vestibule');
const STARTS_WITHIN = 20_000;
const USERNAME = 'ada';
const PASSWORD = 'correct horse battery';
const OTHER_ACCOUNTS = 19;
/** Each is a new device, of which the dashboard tells. */
const OTHER_BROWSERS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
];

export class Scene {
  origin = '';
  /** Those of the administrator. */
  cookies = '';
  #folder = mkdtempSync(path.join(tmpdir(), 'vestibule-audit-'));
  #environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VESTIBULE_|LEPTOS_|RUST_LOG$)/.test(name))),
    VESTIBULE_DATABASE_URL: `sqlite:${path.join(this.#folder, 'vestibule.db')}`,
    LEPTOS_SITE_ROOT: path.join(PROJECT, 'target', 'site'),
    LEPTOS_SITE_ADDR: '127.0.0.1:0',
  };
  #log = '';
  #server = spawn(PROGRAM, ['serve'], { cwd: this.#folder, env: this.#environment });

  static async set() {
    const scene = new Scene();
    process.once('exit', () => scene.#server.kill('SIGKILL'));
    for (const stream of [scene.#server.stdout, scene.#server.stderr]) stream.on('data', (chunk) => (scene.#log += chunk));
    try {
      await scene.#furnish();
    } catch (error) {
      await scene.end();
      throw error;
    }
    return scene;
  }

  async #furnish() {
    await this.#answers();
    this.#run(['user', 'create', USERNAME, '--display-name', 'Ada Lovelace', '--admin', '--password-stdin'], `${PASSWORD}\n`);
    for (let other = 0; other < OTHER_ACCOUNTS; other++) this.#run(['user', 'invite', `person${other}`]);
    this.cookies = await this.#signIn('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36');
    for (const userAgent of OTHER_BROWSERS) await this.#signIn(userAgent);
  }

  /** Ends this process, no other, and removes its folder. */
  async end() {
    if (this.#server.exitCode === null) {
      const ended = once(this.#server, 'exit');
      this.#server.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers() {
    const deadline = Date.now() + STARTS_WITHIN;
    while (Date.now() < deadline && this.#server.exitCode === null) {
      this.origin = /Vestibule answers on (\S+)/.exec(this.#log)?.[1] ?? '';
      if (this.origin && (await fetch(`${this.origin}/healthz`).catch(() => undefined))?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Vestibule did not start:\n${this.#log}`);
  }

  #run(commandLine, input = '') {
    const { status, stderr } = spawnSync(PROGRAM, commandLine, { cwd: this.#folder, env: this.#environment, input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`vestibule ${commandLine.join(' ')}: ${stderr}`);
  }

  /** Returns the cookies. */
  async #signIn(userAgent) {
    const body = new URLSearchParams({ username: USERNAME, password: PASSWORD });
    const headers = { accept: 'application/json', origin: this.origin, 'user-agent': userAgent };
    const answer = await fetch(`${this.origin}/api/login`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`The sign-in was refused: ${answer.status}`);
    return answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
  }
}
