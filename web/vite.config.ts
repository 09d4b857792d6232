import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Where `antiphon studio` of a checkout listens, for `npm run dev`.
const service = "http://127.0.0.1:8765";

export default defineConfig({
  base: "./", // the page works wherever the service mounts it
  plugins: [svelte()],
  build: {
    outDir: "../src/antiphon/studio/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the service's policy allows nothing inline
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: service, ws: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
