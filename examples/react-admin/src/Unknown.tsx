import { Alert, Button } from '@mui/material';
import { Alone } from './layout/Alone';
import { startSession } from './session/session';

/** Without an answer it is not known who is signed in. That is no sign-out. */
export const Unknown = ({ problem }: { problem: string }) => (
  <Alone title="No answer">
    <Alert severity="warning">{problem}</Alert>
    <Button variant="contained" onClick={() => startSession()}>
      Try again
    </Button>
  </Alone>
);
