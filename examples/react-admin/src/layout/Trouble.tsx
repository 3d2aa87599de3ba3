import { Alert, Button } from '@mui/material';
import { Problem, SERVER } from '../session/server';

/** Why something was not done, and what to do about it. */
export function Trouble({ problem, onRetry }: { problem: unknown; onRetry?: () => void }) {
  const isConfirmation = problem instanceof Problem && problem.code === 'password_needed';
  const retry = onRetry && (
    <Button color="inherit" onClick={onRetry}>
      Try again
    </Button>
  );
  if (!isConfirmation) {
    return (
      <Alert severity="error" action={retry}>
        {problem instanceof Error ? problem.message : String(problem)}
      </Alert>
    );
  }
  return (
    <Alert severity="warning" action={retry}>
      This needs your password, and you entered it a while ago.{' '}
      <a href={`${SERVER}/account/confirm`} target="_blank" rel="noreferrer">
        Confirm your password
      </a>
      , then try again.
    </Alert>
  );
}
