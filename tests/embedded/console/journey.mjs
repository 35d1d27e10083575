// A day with the console: start from the form, a failure opened, started again and watched to green, asked.
// In: {browser, url, name, containerUri, bodies}. Out: see the end.
import { appendFileSync } from "node:fs";
import { answer, given, launch, openWindow, using } from "../../foreign/browser/window.mjs";
import { ask, fill, keep, look, opened, submit, watch } from "./steps.mjs";

const { browser: path, url, name, containerUri, bodies } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const kept = keep(context, bodies);
const page = await context.newPage();
const at = (where) => page.goto(new URL(where, url).href);
const faults = [];
const see = async () => faults.push(...(await look(page)));

const found = await using(page, async () => {
  await page.goto(url);
  const address = page.url();
  await see();

  await page.locator("a[href='/start']").first().click();
  await page.waitForURL(/\/start$/);
  await see();
  // Told while it is typed.
  await fill(page, { environment: "Not A Name" });
  await page.locator("[name='environment'][aria-invalid='true']").waitFor();
  const said = await page.locator("#verdict").innerText();
  await see();
  const input = { environment: name, "artifact.containerUri": containerUri, "smokeTest.expect": "what it never says" };
  await fill(page, input);
  await submit(page);
  const first = await watch(page);
  const failed = await opened(page);
  await see();

  await at("/start");
  await fill(page, { ...input, "smokeTest.expect": "echo of" });
  await submit(page);
  const running = new URL(page.url()).pathname;
  const second = await watch(page);
  await see();
  await at(`${running}/events`);
  await see();
  await at(`/executions?environment=${name}`);
  await see();

  await at(`/environments/${name}`);
  await page.locator("#activity tbody tr").first().waitFor();
  await see();
  const asked = await ask(page, "does it work?");
  // The browser gives no body of an answer that is streamed.
  appendFileSync(bodies, await page.content());
  await see();
  for (const one of [`/environments/${name}/redeploy`, `/environments/${name}/rollback`, "/calls", "/faults"]) {
    await at(one);
    await see();
  }

  return { address, said, first, failed, second, asked };
});
await kept.done();
await browser.close();
answer({ ...found, faults, notes });
