import { useState } from 'react';
import { useNotify, useRefresh } from 'react-admin';
import { useExplain } from './useExplain';

/** Whether an action is under way, and a function that carries one out and says how it went. */
export function useAct(): [boolean, (action: () => Promise<unknown>, done: string) => Promise<void>] {
  const [busy, setBusy] = useState(false);
  const [notify, explain, refresh] = [useNotify(), useExplain(), useRefresh()];
  const act = async (action: () => Promise<unknown>, done: string) => {
    setBusy(true);
    try {
      await action();
      notify(done, { type: 'success' });
      refresh();
    } catch (problem) {
      explain(problem);
    } finally {
      setBusy(false);
    }
  };
  return [busy, act];
}
