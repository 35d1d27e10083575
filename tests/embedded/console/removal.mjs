// Tears an environment down from its page, with the dry run first.
// In: {browser, url, name, bodies}. Out: {removes, seen, left, faults, notes}.
import { answer, given, launch, openWindow, using } from "../../foreign/browser/window.mjs";
import { keep, look, teardown, watch } from "./steps.mjs";

const { browser: path, url, name, bodies } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const kept = keep(context, bodies);
const page = await context.newPage();
const found = await using(page, async () => {
  await page.goto(url);
  await page.locator(`#environment-${name} a`).first().click();
  const faults = [];
  const removal = await teardown(page, watch, async () => faults.push(...(await look(page))));
  await page.goto(new URL("/", url).href);
  const left = await page.locator(`#environment-${name}`).count();
  return { ...removal, left, faults };
});
await kept.done();
await browser.close();
answer({ ...found, notes });
