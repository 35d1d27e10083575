// Presses the button that copies the address of a gateway: with the clipboard, without it, and without scripts.
// In: {browser, url, path}; `url` holds the token. Out: {copied, said, chosen, instead, shown, notes}.
import { answer, given, launch, openWindow, using } from "../../../foreign/browser/window.mjs";

const { browser: executable, url, path } = given();
const browser = await launch(executable);
const notes = [];
const look = { theme: "light", language: "en", width: 1280 };

async function opened(prepare = () => {}, options = {}) {
  const context = await openWindow(browser, { ...look, ...options }, notes);
  const page = await context.newPage();
  await prepare(context, page);
  await page.goto(url);
  await page.goto(new URL(path, url).href);
  return page;
}

async function pressed(page) {
  const button = page.locator("[data-copy='gateway-url']");
  await button.focus();
  await page.keyboard.press("Enter");
  const told = page.locator("[data-copy='gateway-url'] + [aria-live]");
  // The next update of the page takes the word back.
  const said = await page.waitForFunction((element) => element.textContent, await told.elementHandle());
  return said.jsonValue();
}

const page = await opened((context) => context.grantPermissions(["clipboard-read", "clipboard-write"]));
const said = await using(page, () => pressed(page));
const copied = await page.evaluate(() => navigator.clipboard.readText());
const refused = await opened((_, page) =>
  page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
  }),
);
const instead = await using(refused, () => pressed(refused));
const chosen = await refused.evaluate(() => getSelection().toString());
const plain = await opened(undefined, { scripts: false });
const shown = await plain.locator("[data-copy='gateway-url']").isVisible();
await browser.close();
answer({ copied, said, chosen, instead, shown, notes });
