/**
 * The lists and records of react-admin, from the API. A resource is a path below `/api/v1`: `users`, `sessions`, and
 * `users/ID/sessions` for those of another person.
 */

import type { DataProvider, GetListParams, GetListResult, RaRecord } from 'react-admin';
import type { Page, PasswordLink, User, UserChange } from './api';
import { call } from './session/session';

/** The lists that come in pages. The others are complete. */
const PAGED = ['users'];

const notOffered = () => Promise.reject(new Error('The API does not offer this.'));

/** One for each session, because it remembers cursors. */
export function makeDataProvider() {
  // The cursors of the pages that were seen. The API has no page numbers: each page names the cursor of the next one.
  const cursors = new Map<string, string>();

  async function getList(resource: string, { pagination, sort, filter }: GetListParams): Promise<GetListResult> {
    const { page = 1, perPage = 25 } = pagination ?? {};
    const pages = { limit: String(perPage), sort: sort?.order === 'DESC' ? '-name' : 'name', ...filter };
    const query = new URLSearchParams(PAGED.includes(resource) ? pages : {});
    const keyOf = (page: number) => `${resource}?${query}#${page}`;
    const [key, nextKey] = [keyOf(page), keyOf(page + 1)];
    let cursor = cursors.get(key);
    // A page that was never seen, such as one of a bookmark: react-admin continues with the first one.
    if (page > 1 && !cursor) return { data: [], pageInfo: { hasNextPage: false, hasPreviousPage: true } };
    let answer: Page<RaRecord>;
    do {
      if (cursor) query.set('cursor', cursor);
      answer = await call<Page<RaRecord>>('GET', `/${resource}?${query}`);
      cursor = answer.next ?? undefined;
      // A page may be empty and still have a next one.
    } while (cursor && answer.items.length === 0);
    if (cursor) cursors.set(nextKey, cursor);
    return { data: answer.items, pageInfo: { hasNextPage: Boolean(cursor), hasPreviousPage: page > 1 } };
  }

  const methods = {
    getList,
    getOne: async (resource: string, { id }: { id: string }) => ({ data: await call('GET', `/${resource}/${id}`) }),
    /** Invites a user: the answer has the invitation link beside the account. */
    create: async (resource: string, { data }: { data: Partial<User> }) => {
      const { user, link } = await call<{ user: User; link: PasswordLink }>('POST', `/${resource}`, data);
      return { data: { ...user, link } };
    },
    update: async (resource: string, { id, data }: { id: string; data: UserChange }) => ({
      data: await call('PATCH', `/${resource}/${id}`, data),
    }),
    delete: async (resource: string, { id }: { id: string }) => {
      await call('DELETE', `/${resource}/${id}`);
      return { data: { id } };
    },
    /** Everything of a list, such as all sessions of a person. */
    deleteAll: (resource: string) => call<void>('DELETE', `/${resource}`),
    getMany: notOffered,
    getManyReference: notOffered,
    updateMany: notOffered,
    deleteMany: notOffered,
  };
  // The type of react-admin promises records of any type that its caller names.
  return methods as unknown as DataProvider & Pick<typeof methods, 'deleteAll'>;
}

export type Provider = ReturnType<typeof makeDataProvider>;
