// What a person who sees badly, uses no mouse or holds a phone finds on a page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");
const MOST_STOPS = 400;

/** Look at a page as it is now; returns one sentence for each fault. */
export async function audit(page) {
  return [...(await axe(page)), ...(await overflow(page))];
}

/** What axe-core, with all of its rules for WCAG 2.2 AA and good practice, says of a page. */
export async function axe(page) {
  // Evaluated from outside, so that the content security policy of the page stays as it is.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap((one) =>
    one.nodes.map((node) => {
      const why = [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ");
      return `${one.id} (${one.impact}): ${node.target.join(" ")}: ${why}: ${node.html.slice(0, 160)}`;
    }),
  );
}

/** What makes a page wider than its window, so that it scrolls sideways. */
export async function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (element) => {
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
        if (getComputedStyle(up).overflowX !== "visible") return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element),
    );
    return [
      `scrolls sideways: ${document.documentElement.scrollWidth} px in ${width} px: ` +
        wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 100)).join(" | "),
    ];
  });
}

/**
 * Go through a page with Tab; returns one sentence for each fault, and how many stops there are.
 *
 * The first stop must be the link that skips to the content, each control must be reached, and each stop must be
 * seen: on the screen, with an outline that is not there without the focus.
 */
export async function keyboard(page) {
  const faults = [];
  await page.evaluate(() => {
    document.activeElement?.blur();
    window.scrollTo(0, 0);
    const selector = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled;
    window.toReach = new Set(
      [...document.querySelectorAll(selector)].filter((element) => {
        if (!shown(element) || element.type === "hidden" || element.tabIndex < 0) return false;
        // A group of radio buttons is one stop.
        return element.type !== "radio" || element.checked || !element.form?.[element.name]?.value;
      }),
    );
  });
  let first = null;
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const again = window.seenStops?.has(element) ?? false;
      (window.seenStops ??= new Set()).add(element);
      if (again) return null;
      if (element.type === "radio") {
        for (const other of window.toReach) if (other.name === element.name) window.toReach.delete(other);
      }
      window.toReach.delete(element);
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
      const onScreen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      return {
        html: element.outerHTML.slice(0, 120),
        href: element.getAttribute("href"),
        seen: outlined && onScreen && box.width > 0,
      };
    });
    if (found === null) break;
    first ??= found;
    if (!found.seen) faults.push(`focus is not seen: ${found.html}`);
  }
  if (first?.href !== "#main") faults.push(`the first stop is not the skip link: ${first?.html}`);
  const missed = await page.evaluate(() => [...window.toReach].map((element) => element.outerHTML.slice(0, 120)));
  faults.push(...missed.map((html) => `Tab does not reach: ${html}`));
  const stops = await page.evaluate(() => window.seenStops?.size ?? 0);
  return { faults, stops };
}

/** The link that skips to the content is seen when it has the focus, and leads to the content. After `keyboard`. */
export async function skip(page) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Tab");
  const link = await page.evaluate(() => {
    const box = document.activeElement.getBoundingClientRect();
    return { href: document.activeElement.getAttribute("href"), left: box.left, top: box.top };
  });
  if (link.href !== "#main" || link.left < 0 || link.top < 0) return [`the skip link is not seen: ${JSON.stringify(link)}`];
  await page.keyboard.press("Enter");
  const at = await page.evaluate(() => document.activeElement.id);
  return at === "main" ? [] : [`the skip link leads to ${at || "nothing"}`];
}
