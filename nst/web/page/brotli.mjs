// Compresses scripts and style sheets once and well, where the server would do it worse for each visitor.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

/** Writes `NAME.br` beside each; whoever does not take it gets what the server compresses with gzip. */
export function brotli() {
  return {
    name: "brotli",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter((each) => /\.(js|css)$/.test(each))) {
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(readFileSync(join(dir, name))));
      }
    },
  };
}
