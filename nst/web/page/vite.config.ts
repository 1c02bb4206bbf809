import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

import { brotli } from "./brotli.mjs";

export default defineConfig({
  plugins: [react(), brotli()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is inlined: the server's content security policy then needs no exceptions.
    assetsInlineLimit: 0,
    // Scripts that several pages and views share are fetched together with the page's own, and not after it.
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "docs.html"] },
    sourcemap: false,
    license: { fileName: "licenses.md" },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8123" } },
});
