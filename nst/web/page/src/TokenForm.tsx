import { useEffect, useRef, useState, type FormEvent } from "react";

import { sendToken } from "./api.ts";
import { Button } from "./parts/Button.tsx";
import { useAction } from "./parts/hooks.ts";

/** Asks for the server's token; shown in place of the page. */
export function TokenForm({ onTaken }: { onTaken: () => void }) {
  const [token, setToken] = useState("");
  const { problem, run } = useAction();
  const input = useRef<HTMLInputElement>(null);
  // First, and after a token that was refused.
  useEffect(() => input.current?.focus(), [problem]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await sendToken(token.trim());
      onTaken();
    });
  };

  return (
    <form className="token panel" onSubmit={submit}>
      <h1>This studio is locked</h1>
      <p>Enter the token that the server printed in its terminal.</p>
      <div className="field">
        <label htmlFor="token">Token</label>
        <input
          ref={input}
          id="token"
          type="password"
          autoComplete="current-password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          aria-invalid={problem !== ""}
          aria-describedby={problem === "" ? undefined : "token-error"}
        />
        {problem !== "" && (
          <p className="error" id="token-error">
            {problem}
          </p>
        )}
      </div>
      <Button type="submit" className="primary" disabled={token.trim() === ""}>
        Open the studio
      </Button>
    </form>
  );
}
