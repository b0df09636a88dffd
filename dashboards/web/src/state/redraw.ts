import { useCallback, useState } from "preact/hooks";

/** A function that draws the calling component again. */
export function useRedraw(): () => void {
  const [, set] = useState(0);
  return useCallback(() => set((n) => n + 1), []);
}
