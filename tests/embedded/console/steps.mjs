// What a person does with the console, step by step.
import { appendFileSync } from "node:fs";
import { audit } from "../../foreign/browser/audit.mjs";

const LONGEST = 60_000;

/** Keep the text of everything that the console answers in a file. */
export function keep(context, file) {
  const open = [];
  context.on("response", (response) => {
    const taken = response
      .body()
      .then((body) => appendFileSync(file, `${body}\n`))
      // A redirect has no body, and that of a page that was left is gone.
      .catch(() => appendFileSync(file, `(${response.status()} without a body)\n`));
    open.push(taken);
  });
  return { done: () => Promise.all(open) };
}

/** Watch the page of an execution until it has ended, without loading it again; returns each status that was seen. */
export async function watch(page) {
  await page.evaluate(() => {
    window.neverLoadedAgain = true;
    const status = () => document.querySelector("#live [role=status] .badge").innerText.trim();
    window.statuses = [status()];
    const note = () => {
      if (status() !== window.statuses.at(-1)) window.statuses.push(status());
    };
    new MutationObserver(note).observe(document.querySelector("main"), {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  await page.waitForFunction(() => window.statuses.at(-1) !== "Running", null, { timeout: LONGEST });
  if (!(await page.evaluate(() => window.neverLoadedAgain))) throw new Error("the page was loaded again");
  return page.evaluate(() => window.statuses);
}

/** Open the state that failed from the graph; returns its name, its error and its log. */
export async function opened(page) {
  await page.locator("svg a[aria-label$=': Failed']").first().click();
  await page.waitForURL(/state=/);
  const state = await page.locator("#state").innerText();
  const error = await page.locator("section:has(#state) .notice").first().innerText();
  await page.locator("#log pre").waitFor();
  return { state, error, log: await page.locator("#log pre").innerText() };
}

/** Look at the page as it is now, by daylight and in the dark; returns one sentence for each fault. */
export async function look(page) {
  const faults = [];
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await audit(page)));
  }
  return faults.map((fault) => `${new URL(page.url()).pathname}: ${fault}`);
}

/** Fill in fields of the form that starts an execution, by their names. */
export async function fill(page, values) {
  await page.evaluate(() => document.querySelectorAll("#typed details").forEach((each) => (each.open = true)));
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`#typed [name='${name}']`);
    const chosen = await field.evaluate((element) => element.tagName === "SELECT");
    await (chosen ? field.selectOption(value) : field.fill(value));
  }
}

/** Send the form that starts an execution, and wait for the page of the execution. */
export async function submit(page) {
  await page.locator("#typed button.primary").click();
  await page.waitForURL(/\/executions\/[^/]+$/);
}

/** Ask the agent from the page of its environment; returns the answer, and what is said of it. */
export async function ask(page, question) {
  await page.locator(".actions a[href$='/ask']").click();
  await page.locator("#question").fill(question);
  await page.locator("form[data-streams] button").click();
  await page.waitForFunction(() => document.getElementById("answer").hasAttribute("aria-busy") === false
    && document.getElementById("answer").innerText !== "");
  return { answer: await page.locator("#answer").innerText(), told: await page.locator("#told").innerText() };
}

/** Tear an environment down from its page: first what would be removed, then for real, watched to the end. */
export async function teardown(page, watched, see) {
  await page.locator(".actions a[href$='/teardown']").click();
  await page.locator("button[name='step'][value='dry']").click();
  // The page brings itself up to date until the dry run has ended.
  await page.locator("#live button.danger").waitFor({ timeout: LONGEST });
  const removes = await page.locator("#live ul.mono li").allInnerTexts();
  await see();
  await page.locator("#live button.danger").click();
  await page.waitForURL(/\/executions\/[^/]+$/);
  return { removes, seen: await watched(page) };
}

/** Start a dry run of an action from the page of an environment, and then what it has shown; returns its plan. */
export async function dryRun(page, action, see) {
  await page.locator(`.actions a[href$='/${action}']`).click();
  await page.locator("button[name='step'][value='dry']").click();
  const does = page.locator("#live input[name='step'][value='do'] ~ button");
  await does.waitFor({ timeout: LONGEST });
  const plan = await page.locator("#live section").innerText();
  await see();
  await does.click();
  await page.waitForURL(/\/executions\/[^/]+$/);
  return plan;
}

/** Plan a fault of the local AWS with the form; returns the rows of those that are planned. */
export async function planFault(page, at, values) {
  await at("/faults");
  const { kind, ...others } = values;
  await page.locator("#fault-kind").selectOption(kind);
  for (const [name, value] of Object.entries(others)) await page.locator(`#fault-${name}`).fill(value);
  await page.locator("form[aria-labelledby='add'] button.primary").click();
  await page.locator("#live tbody tr").first().waitFor();
  return page.locator("#live tbody tr").allInnerTexts();
}

/** Remove every planned fault; returns how many are left. */
export async function removeFaults(page, at) {
  await at("/faults");
  const clear = page.locator("#live button.danger");
  if (await clear.count()) await clear.click();
  await page.locator("#live .empty").waitFor();
  return page.locator("#live tbody tr").count();
}

/** Stop the execution whose page is shown, after the question; returns the status that the page then shows. */
export async function stop(page, see) {
  await page.locator(".actions a[href$='/stop']").click();
  await see();
  await page.locator("form.confirm button.danger").click();
  await page.waitForURL(/\/executions\/[^/]+$/);
  return (await page.locator("#live [role=status] .badge").innerText()).trim();
}
