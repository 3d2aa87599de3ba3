/**
 * Who is signed in, and what they are offered. The session itself is no matter of react-admin: it takes every failed
 * check for a sign-out, and here only 401 is one (session/session.ts).
 */

import type { AuthProvider } from 'react-admin';
import type { Me } from './api';
import { signOut } from './session/session';

/** The permission that an action needs, by the last part of the resource's path. */
const NEEDED: Record<string, (action: string, ofOthers: boolean) => string> = {
  users: (action) => (isReading(action) ? 'users:read' : 'users:write'),
  sessions: (action, ofOthers) => {
    if (ofOthers) return isReading(action) ? 'users:read' : 'users:write';
    return isReading(action) ? 'sessions:read' : 'sessions:end';
  },
};

const isReading = (action: string) => ['list', 'show'].includes(action);

/** The server decides at each request; this is only what makes sense to show. */
export const authProviderFor = ({ account, credential }: Me): AuthProvider => ({
  canAccess: async ({ action, resource }) => {
    const parts = resource.split('/');
    const needed = NEEDED[parts.at(-1) ?? '']?.(action, parts.length > 1);
    return needed !== undefined && credential.scopes.includes(needed);
  },
  getIdentity: async () => ({ id: account.id, fullName: account.display_name }),
  checkAuth: async () => {},
  checkError: async () => {},
  login: async () => {},
  logout: signOut,
});
