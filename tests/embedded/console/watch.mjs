// Starts an execution from the form, watches it to its end, and opens the state that failed, if one did.
// In: {browser, url, input}; `input`: the fields by name. Out: {place, seen, failed, faults, notes}.
import { answer, given, launch, openWindow, using } from "../../foreign/browser/window.mjs";
import { fill, look, opened, submit, watch } from "./steps.mjs";

const { browser: path, url, input } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const page = await context.newPage();
const found = await using(page, async () => {
  await page.goto(url);
  const place = await page.locator(".place").innerText();
  await page.goto(new URL("/start", url).href);
  await fill(page, input);
  await submit(page);
  const seen = await watch(page);
  const failed = seen.at(-1) === "Failed" ? await opened(page) : null;
  return { place, seen, failed, faults: await look(page) };
});
await browser.close();
answer({ ...found, notes });
