// JavaScript, and not TypeScript: the types of Node would hide those of the browser from the page.
import type { Plugin } from "vite";

export function brotli(): Plugin;
