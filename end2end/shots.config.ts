import { defineConfig } from '@playwright/test';
import config from './playwright.config';

/** Takes pictures of every page in every state: `make shots`. */
export default defineConfig(config, { testDir: 'shots', reporter: 'line' });
