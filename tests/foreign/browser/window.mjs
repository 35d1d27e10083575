// A browser that reaches nothing but this machine, and notes what its pages ask for and complain about.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const LOOPBACK = new Set(["127.0.0.1", "localhost"]);
const LANGUAGES = { en: "en-US", ja: "ja-JP" };

/** Read what the test gives: JSON on standard input. */
export const given = () => JSON.parse(readFileSync(0, "utf-8"));

/** Give the test a result, and end. */
export const answer = (result) => process.stdout.write(JSON.stringify(result));

/** Start a browser whose resolver knows no other host. The path is that of `chromium.py`. */
export function launch(executablePath) {
  return chromium.launch({
    executablePath,
    headless: true,
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"],
  });
}

/**
 * Open a window: a context of its own, with its own cookies.
 *
 * `look` says how: `{theme: "light" | "dark", language: "en" | "ja", width, height, scripts}`; with `scripts: false`, no
 * page runs a script. `notes` collects from every page
 * what it says on the console (a violation of the content security policy is an error there), the errors of its
 * scripts, and each request that is not for this machine.
 */
export async function openWindow(browser, look, notes) {
  const context = await browser.newContext({
    colorScheme: look.theme,
    locale: LANGUAGES[look.language],
    viewport: { width: look.width, height: look.height ?? 900 },
    deviceScaleFactor: look.scale ?? 1,
    reducedMotion: "reduce",
    javaScriptEnabled: look.scripts ?? true,
  });
  context.setDefaultTimeout(30_000);
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) notes.push(`${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => notes.push(`script: ${error.error()}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && !LOOPBACK.has(url.hostname)) {
      notes.push(`request: ${request.url()}`);
    }
  });
  return context;
}

/** Do something with a page; an error then says where the page was and what it showed. */
export async function using(page, work) {
  try {
    return await work();
  } catch (error) {
    const shown = await page.locator("body").innerText();
    throw new Error(`${page.url()}: ${error.message}\nThe page shows: ${shown.slice(0, 1500)}`, { cause: error });
  }
}

/** Name a look for a message. */
export const named = (look) => `${look.theme}, ${look.language}, ${look.width} px`;
