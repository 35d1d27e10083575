// Opens pages of a large stack and waits for one live update of each.
// In: {browser, url, pages: [{path, live}]}; `live`: whether it updates itself. Out: {pages, notes}; times in ms.
import { answer, given, launch, openWindow } from "../../../foreign/browser/window.mjs";
import { overflow } from "../../../foreign/browser/audit.mjs";

const { browser: path, url, pages } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const page = await context.newPage();
await page.goto(url);
const found = [];
for (const one of pages) {
  await page.goto(new URL(one.path, url).href, { waitUntil: "load" });
  const opened = await page.evaluate(() => {
    const entry = performance.getEntriesByType("navigation")[0];
    return {
      loaded: Math.round(entry.domContentLoadedEventEnd - entry.startTime),
      answered: Math.round(entry.responseEnd - entry.startTime),
      bytes: entry.decodedBodySize,
      rows: document.querySelectorAll("tbody tr").length,
      elements: document.querySelectorAll("*").length,
    };
  });
  const update = one.live ? await updated(page) : null;
  found.push({ path: one.path, ...opened, update, faults: await overflow(page) });
}
await browser.close();
answer({ pages: found, notes });

/** Wait for the next live update: how long from the request to the page that shows it, its bytes, and the focus. */
function updated(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`${location}: no live update came`)), 30_000);
        const listens = performance.now();
        const focused = document.querySelector("#live a[href]");
        focused?.focus();
        document.addEventListener("htmx:after:swap", () => {
          const entries = performance.getEntriesByType("resource").filter((each) => each.name.includes("part=live"));
          // One that was asked for earlier may come first.
          const entry = entries.find((each) => each.startTime >= listens);
          if (!entry) return;
          // After the next frame the update is on the screen.
          requestAnimationFrame(() =>
            setTimeout(() => {
              const keepsFocus = document.activeElement === focused && focused.isConnected;
              resolve({ shown: Math.round(performance.now() - entry.startTime), bytes: entry.decodedBodySize, keepsFocus });
            }),
          );
        });
      }),
  );
}
