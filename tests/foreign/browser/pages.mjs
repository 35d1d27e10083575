// Looks at each page of a console, in each look, and goes through it by keyboard.
// In: {browser, url, paths, looks}; `url` holds the token. Out: {faults, notes, stops}.
import { audit, keyboard, skip } from "./audit.mjs";
import { answer, given, launch, named, openWindow } from "./window.mjs";

const { browser: path, url, paths, looks } = given();
const browser = await launch(path);
const faults = [];
const notes = [];
const stops = {};
for (const look of looks) {
  const context = await openWindow(browser, look, notes);
  const page = await context.newPage();
  await page.goto(url);
  for (const one of paths) {
    const where = `${one} (${named(look)})`;
    await page.goto(new URL(one, url).href);
    faults.push(...(await audit(page)).map((fault) => `${where}: ${fault}`));
    if (look.keyboard) {
      const found = await keyboard(page);
      faults.push(...[...found.faults, ...(await skip(page))].map((fault) => `${where}: ${fault}`));
      stops[one] = found.stops;
    }
    const lang = await page.evaluate(() => document.documentElement.lang);
    if (lang !== look.language) faults.push(`${where}: speaks ${lang}`);
  }
  await context.close();
}
await browser.close();
answer({ faults, notes, stops });
