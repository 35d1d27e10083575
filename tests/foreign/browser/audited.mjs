// Looks at a page that is given as text. In: {browser, html, look}. Out: {faults, notes}.
import { audit, keyboard, skip } from "./audit.mjs";
import { answer, given, launch, openWindow } from "./window.mjs";

const { browser: path, html, look } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, look, notes);
const page = await context.newPage();
await page.setContent(html);
const faults = [...(await audit(page)), ...(await keyboard(page)).faults, ...(await skip(page))];
await browser.close();
answer({ faults, notes });
