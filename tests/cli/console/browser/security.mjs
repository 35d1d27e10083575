// What a browser does with the console's cookie and with pages of others.
// In: {browser, url, other}; `other`: the address of a page of another origin. Out: see the end.
import { answer, given, launch, openWindow } from "../../../foreign/browser/window.mjs";

const { browser: path, url, other } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const page = await context.newPage();
await page.goto(url);
const address = page.url();
const cookies = (await context.cookies()).map(({ httpOnly, sameSite, value }) => ({
  httpOnly,
  sameSite,
  isToken: url.endsWith(value),
}));
const seenByScripts = await page.evaluate(() => document.cookie);
const clean = [...notes];
// The console's own form.
await page.locator("button[name='theme'][value='dark']").click();
// Between two documents there is no element for a moment.
await page.waitForFunction(() => document.documentElement?.dataset.theme === "dark");
// Its styles come after the document.
await page.waitForLoadState("load");
const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
// A form, a script and a frame of another page.
await page.goto(other);
const [posted] = await Promise.all([
  page.waitForResponse((response) => response.request().method() === "POST"),
  page.locator("button").click(),
]);
const form = { status: posted.status(), shown: await page.locator("body").innerText() };
await page.goto(other);
const script = await page.evaluate(
  (to) => fetch(to, { credentials: "include" }).then((response) => `read: ${response.status}`, () => "refused"),
  new URL("/", url).href,
);
const framed = await page.evaluate(
  (to) =>
    new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.addEventListener("load", () => resolve(frame.contentDocument === null ? "opaque" : "readable"));
      frame.src = to;
      document.body.append(frame);
    }),
  new URL("/", url).href,
);
const inFrame = await page.frames()[1].evaluate(() => document.body.innerText).catch(() => "");
// A script that somebody brought into the page does not run.
await page.goto(new URL("/", url).href);
await page.evaluate(() => {
  const script = document.createElement("script");
  script.textContent = "window.brought = true";
  document.body.append(script);
});
const brought = await page.evaluate(() => window.brought === true);
await browser.close();
answer({ address, cookies, seenByScripts, clean, dark, form, script, framed, inFrame, brought, notes });
