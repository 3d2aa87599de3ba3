import { useCallback } from 'react';
import { useNotify } from 'react-admin';
import { Trouble } from './Trouble';

/** A function that shows why something was not done. */
export function useExplain(): (problem: unknown) => void {
  const notify = useNotify();
  // It stays until it was read: it may have a link.
  return useCallback((problem) => notify(<Trouble problem={problem} />, { autoHideDuration: null }), [notify]);
}
