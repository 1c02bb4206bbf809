import { useEffect, useRef, useState } from "react";

import { loadImage } from "../parts/images.ts";

/**
 * The latest picture that has been loaded and decoded, so that pictures replace each other without flickering. Only one
 * is loaded at a time, then the newest: a slow connection skips some, but always shows progress.
 */
export function useLoaded(url: string | null): string | null {
  const [shown, setShown] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const busy = useRef(false);
  useEffect(() => {
    wanted.current = url;
    const load = async () => {
      const next = wanted.current;
      if (busy.current || next === null) return;
      busy.current = true;
      try {
        await loadImage(next);
        setShown(next);
      } catch {
        // The previous picture stays.
      }
      busy.current = false;
      if (wanted.current !== next) void load();
    };
    void load();
  }, [url]);
  return url === null ? null : shown;
}
