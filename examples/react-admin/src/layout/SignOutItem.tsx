import LogoutIcon from '@mui/icons-material/Logout';
import { ListItemIcon, ListItemText, MenuItem } from '@mui/material';
import { useUserMenu } from 'react-admin';
import { signOut } from '../session/session';
import { useExplain } from './useExplain';

export function SignOutItem() {
  const explain = useExplain();
  const menu = useUserMenu();
  const leave = () => {
    menu?.onClose();
    signOut().catch(explain);
  };
  return (
    <MenuItem onClick={leave}>
      <ListItemIcon>
        <LogoutIcon fontSize="small" />
      </ListItemIcon>
      <ListItemText>Sign out</ListItemText>
    </MenuItem>
  );
}
