/** What the API answers, as far as this client reads it. */

export type User = {
  id: string;
  username: string;
  display_name: string;
  email: string | null;
  administrator: boolean;
  state: 'enabled' | 'disabled' | 'invited';
};

/** One change, so that it happens as a whole or not at all. */
export type UserChange = { disabled: boolean } | { administrator: boolean };

export type Session = {
  id: string;
  current: boolean;
  created_at: string;
  last_seen_at: string;
  address: string;
  device: string;
};

export type Me = {
  account: { id: string; username: string; display_name: string };
  session: Session;
  /** What the session may do now, such as `users:read`. */
  credential: { scopes: string[] };
};

/** A link with which somebody sets their password. It is answered once. */
export type PasswordLink = { url: string; expires_at: string };

export type Page<Item> = { items: Item[]; next?: string | null };
