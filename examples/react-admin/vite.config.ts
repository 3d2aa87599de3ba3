import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // So that the files can be served below any path.
  base: './',
  // Exactly this origin is named in the server's allowed_origins.
  server: { port: 5173, strictPort: true },
  preview: { port: 5173, strictPort: true },
  // Without data: addresses the policy stays short; react-admin and MUI weigh about 1 MB.
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1_500 },
});
