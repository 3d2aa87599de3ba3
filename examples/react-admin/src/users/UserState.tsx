import { Chip } from '@mui/material';
import { useRecordContext } from 'react-admin';
import type { User } from '../api';

const STATES = {
  enabled: { label: 'Enabled', color: 'success' },
  disabled: { label: 'Disabled', color: 'error' },
  invited: { label: 'Invited', color: 'default' },
} as const;

export function UserState() {
  const user = useRecordContext<User>();
  return user ? <Chip {...STATES[user.state]} size="small" variant="outlined" /> : null;
}

export const roleOf = (user: User) => (user.administrator ? 'Administrator' : 'Member');
