export function Cross() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d="M3 3l10 10M13 3L3 13" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}

export function Brush() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d="M14.5 1.5c-3 1.4-5.9 4-7.6 6.7l1.4 1.4c2.6-1.8 5-4.9 6.2-8.1zM6 9.4c-1.7 0-2.6 1-2.8 2.3-.2 1-.7 1.7-1.7 2.1 2.3 1 6 .7 6-2.5z"
        fill="currentColor"
      />
    </svg>
  );
}
