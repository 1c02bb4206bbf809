import { useEffect, useRef, useState, type FormEvent } from "react";

import { ApiError, sendToken } from "./api.ts";

/** Asks for the word that opens the server; shown in place of the page. */
export function TokenForm({ onTaken }: { onTaken: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await sendToken(token.trim());
      onTaken();
    } catch (refusal) {
      setError((refusal as ApiError).message);
      input.current?.focus();
    }
  };

  return (
    <form className="token panel" onSubmit={submit}>
      <h1>This studio is locked</h1>
      <p>The server wants a token. Who started it finds it in the terminal.</p>
      <div className="field">
        <label htmlFor="token">Token</label>
        <input
          ref={input}
          id="token"
          type="password"
          autoComplete="current-password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          aria-invalid={error !== ""}
          aria-describedby={error === "" ? undefined : "token-error"}
        />
        {error !== "" && (
          <p className="error" id="token-error">
            {error}
          </p>
        )}
      </div>
      <button className="button primary" type="submit" disabled={token.trim() === ""}>
        Open the studio
      </button>
    </form>
  );
}
