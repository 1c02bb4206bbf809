/** One live region for the whole page, which tells screen readers what has happened. */

import { createContext, useCallback, useContext, useState, type ReactNode } from "react";

const Announce = createContext<(message: string) => void>(() => undefined);

export function Announcer({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState({ text: "", number: 0 });
  const announce = useCallback((text: string) => {
    if (text !== "") setMessage(({ number }) => ({ text, number: number + 1 }));
  }, []);
  return (
    <Announce value={announce}>
      {children}
      <div className="visually-hidden" role="status" aria-live="polite" aria-label="Announcements">
        {/* A new element each time, so that repeated messages are read out again. */}
        <span key={message.number}>{message.text}</span>
      </div>
    </Announce>
  );
}

export function useAnnounce(): (message: string) => void {
  return useContext(Announce);
}
