// Takes pictures of pages. In: {browser, url, shots, folder}. Out: what the pages complained about.
import { join } from "node:path";
import { answer, given, launch, openWindow, using } from "../../../tests/foreign/browser/window.mjs";

const { browser: path, url, shots, folder } = given();
const browser = await launch(path);
const notes = [];
for (const shot of shots) {
  const context = await openWindow(browser, shot, notes);
  const page = await context.newPage();
  await using(page, async () => {
    await page.goto(url);
    await page.goto(new URL(shot.path, url).href, { waitUntil: "load" });
    // What the page brings after it was opened: a log, the newest executions.
    await page.waitForFunction(() => !document.querySelector("[hx-trigger='load']"));
    if (shot.ask) {
      await page.locator("#question").fill(shot.ask);
      await page.locator("form[data-streams] button").click();
      await page.waitForFunction(() => /\S/.test(document.getElementById("answer").innerText));
    }
    if (shot.to) await page.locator(shot.to).evaluate((element) => element.scrollIntoView({ block: "start" }));
    await page.screenshot({ path: join(folder, shot.file) });
  });
  await context.close();
}
await browser.close();
answer(notes);
